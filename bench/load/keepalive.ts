// Kept connections: autocannon over TLS connections that stay open, so that neither handshakes nor chains are what is
// measured. The figure is the raw signature's processor time over that of an AC. Run: node bench/load/keepalive.ts
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { createBenchWorld, REQUESTS } from './benchWorld.ts'
import { type BenchServer, freePort, startVouchd } from './children.ts'
import { processorTimeOf } from './processorTime.ts'
import { signatureMicroseconds } from './rawSignature.ts'
import { median } from './statistics.ts'

const HELP = `node bench/load/keepalive.ts [options]
  --connections N  kept open (16)
  --count N        requests a round (2000)
  --rounds N       rounds, a raw signature measured beside each (15)
  --config TEXT    TOML to add before [[vo]]
  --json           JSON instead of a table`

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '16' },
    count: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '15' },
    config: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const world = await createBenchWorld(Math.floor(Date.now() / 1000))
let server: BenchServer | undefined
try {
  const port = await freePort()
  server = await startVouchd(world.configure('rsa', port, values.config, 'keepAliveSeconds = 60'), port)
  const { pid } = server
  await run(port, 4000)
  const acs: number[] = []
  const signatures: number[] = []
  const perSecond: number[] = []
  for (let i = 0; i < Number(values.rounds); i++) {
    const before = processorTimeOf(pid)
    const { requests, seconds } = await run(port, Number(values.count))
    acs.push(((processorTimeOf(pid) - before) / requests) * 1e6)
    perSecond.push(requests / seconds)
    signatures.push(signatureMicroseconds(world.acKey))
  }
  const result = {
    benchmark: 'keepalive',
    setting: { connections: Number(values.connections), count: Number(values.count), rounds: acs.length },
    node: process.version,
    acMicroseconds: median(acs),
    signatureMicroseconds: median(signatures),
    signatureOverAc: median(acs.map((ac, i) => signatures[i]! / ac)),
    acPerSecond: median(perSecond),
  }
  const lines = Object.entries(result).map(
    ([name, value]) =>
      `${name.padEnd(24)} ${typeof value === 'number' ? value.toFixed(3) : JSON.stringify(value)}`,
  )
  console.log(values.json ? JSON.stringify(result) : lines.join('\n'))
} finally {
  await server?.stop()
  world.remove()
}

/** One round; a wrong answer ends the benchmark. */
async function run(port: number, amount: number): Promise<{ requests: number; seconds: number }> {
  const client = world.client('proxy')
  const [, path] = REQUESTS.rest.split(' ')
  const result = await autocannon({
    url: `https://127.0.0.1:${port}${path}`,
    connections: Number(values.connections),
    amount,
    verifyBody: body => String(body).includes('</ac></voms>'),
    tlsOptions: {
      cert: readFileSync(client.certificate),
      key: readFileSync(client.key),
      rejectUnauthorized: false,
    },
  })
  if (result['2xx'] !== amount || result.mismatches > 0 || result.errors > 0) {
    throw new Error(
      `wrong answers: ${result.non2xx} refused, ${result.mismatches} other bodies, ${result.errors} errors`,
    )
  }
  return { requests: amount, seconds: result.duration }
}
