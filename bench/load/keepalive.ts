// Kept connections: autocannon over TLS connections that stay open, so that neither handshakes nor chains are what is
// measured. The figure is the raw signature's processor time over that of an AC. Run: node bench/load/keepalive.ts
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import { readOptions, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { createBenchWorld, REQUESTS } from './benchWorld.ts'
import { type BenchServer, freePort, startVouchd } from './children.ts'
import { mostMsFor } from './mostMsFor.ts'
import { processorTimeOf } from './processorTime.ts'
import { proveServer } from './proveServer.ts'
import { signatureMicroseconds } from './rawSignature.ts'
import { median } from './statistics.ts'

const values = readOptions('node bench/load/keepalive.ts [options]', {
  connections: { value: '16', about: 'kept open' },
  count: { value: '2000', about: 'requests a round' },
  rounds: { value: '15', about: 'rounds, a raw signature measured beside each' },
  warmup: { value: '4000', about: 'requests before anything is timed' },
  config: { value: '', shape: 'TEXT', about: 'TOML to add before [[vo]]' },
})
const connections = whole(values.connections, 'connections', 1, 1000)
const count = whole(values.count, 'count', connections, 1_000_000)
const rounds = whole(values.rounds, 'rounds', 1, 1000)
const warmup = whole(values.warmup, 'warmup', connections, 1_000_000)

const world = await createBenchWorld(Math.floor(Date.now() / 1000))
let server: BenchServer | undefined
try {
  const port = await freePort()
  server = await startVouchd(world.configure('rsa', port, values.config, 'keepAliveSeconds = 60'), port)
  const { pid } = server
  // It reads to the end, which a kept connection has not.
  const request = REQUESTS.rest.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
  await proveServer(server, { credential: world.client('proxy'), request }, world.grant())
  await run(port, warmup)
  const acs: number[] = []
  const signatures: number[] = []
  const perSecond: number[] = []
  for (let i = 0; i < rounds; i++) {
    const before = processorTimeOf(pid)
    const { requests, seconds } = await run(port, count)
    acs.push(((processorTimeOf(pid) - before) / requests) * 1e6)
    perSecond.push(requests / seconds)
    signatures.push(signatureMicroseconds(world.acKey()))
  }
  printResult(
    {
      benchmark: 'keepalive',
      setting: { connections, count, rounds, config: values.config },
      node: process.version,
      signatureOverAc: median(acs.map((ac, i) => signatures[i]! / ac)),
      acMicroseconds: median(acs),
      signatureMicroseconds: median(signatures),
      acPerSecond: median(perSecond),
    },
    values.json,
  )
} finally {
  await server?.stop()
  world.remove()
}

/** One round; a wrong answer ends the benchmark. */
async function run(port: number, amount: number): Promise<{ requests: number; seconds: number }> {
  const client = world.client('proxy')
  const [, path] = REQUESTS.rest.split(' ')
  const options = {
    url: `https://127.0.0.1:${port}${path}`,
    connections,
    amount,
    verifyBody: (body: string | Buffer | undefined) => String(body).includes('</ac></voms>'),
    tlsOptions: {
      cert: readFileSync(client.certificate),
      key: readFileSync(client.key),
      rejectUnauthorized: false,
    },
  }
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const load = autocannon(options, (error, ended) => {
      clearTimeout(deadline)
      if (error) reject(error)
      else resolve(ended)
    })
    const deadline = setTimeout(() => load.stop(), mostMsFor(amount))
  })
  if (result['2xx'] !== amount || result.mismatches > 0 || result.errors > 0) {
    throw new Error(
      `wrong answers: ${result.non2xx} refused, ${result.mismatches} other bodies, ${result.errors} errors`,
    )
  }
  return { requests: amount, seconds: result.duration }
}
