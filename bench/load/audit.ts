// What the audit costs a daemon: the same load on two, one with it and one without, in interleaved rounds of full TLS
// connections. Run: node bench/load/audit.ts [options]; --help tells them.
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/clock.ts'
import { createBenchWorld, REQUESTS } from './benchWorld.ts'
import { type BenchServer, freePort, load, startVouchd } from './children.ts'
import { processorTimeOf } from './processorTime.ts'
import { median } from './statistics.ts'

const HELP = `node bench/load/audit.ts [options]
  --connections N  at once (16)
  --count N        requests a round (400)
  --rounds N       interleaved pairs of rounds (15)
  --workers N      processes that serve (1)
  --json           JSON instead of a table`

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '16' },
    count: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '15' },
    workers: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const connections = Number(values.connections)
const count = Number(values.count)
const processes = `[processes]\nworkers = ${values.workers}\n`
const closers: (() => Promise<void> | void)[] = []

interface Side {
  readonly server: BenchServer
  readonly credential: { readonly certificate: string; readonly key: string }
}

/** A daemon in a world of its own: an embedded database has one owner. */
async function start(more: string): Promise<Side> {
  const world = await createBenchWorld(systemClock.now())
  closers.unshift(() => world.remove())
  const port = await freePort()
  const server = await startVouchd(world.configure('rsa', port, `${processes}${more}`), port)
  closers.unshift(() => server.stop())
  return { server, credential: world.client('proxy') }
}

async function run({ server, credential }: Side, requests: number) {
  const before = processorTimeOf(server.pid)
  const request = REQUESTS.rest
  const result = await load({
    port: server.port,
    credential,
    request,
    expect: '</ac></vo',
    count: requests,
    connections,
  })
  const used = processorTimeOf(server.pid) - before
  return {
    microseconds: (used / result.count) * 1e6,
    perSecond: result.count / result.seconds,
    p50: result.milliseconds.p50,
  }
}

try {
  const audited = await start('')
  const plain = await start('[audit]\nenabled = false\n')
  await run(audited, 400)
  await run(plain, 400)
  const pairs: { audited: Awaited<ReturnType<typeof run>>; plain: Awaited<ReturnType<typeof run>> }[] = []
  for (let i = 0; i < Number(values.rounds); i++) {
    // Each goes first as often as second.
    const first = i % 2 === 0 ? audited : plain
    const one = await run(first, count)
    const other = await run(first === audited ? plain : audited, count)
    pairs.push(first === audited ? { audited: one, plain: other } : { audited: other, plain: one })
    if (process.stderr.isTTY) process.stderr.write(`\rround ${i + 1} of ${values.rounds}`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const ratio = (key: 'microseconds' | 'perSecond' | 'p50') =>
    median(pairs.map(pair => pair.audited[key] / pair.plain[key]))
  const result = {
    benchmark: 'audit',
    setting: { connections, count, rounds: pairs.length, workers: Number(values.workers) },
    node: process.version,
    processorTimeRatio: ratio('microseconds'),
    throughputRatio: ratio('perSecond'),
    p50Ratio: ratio('p50'),
    auditedPerSecond: median(pairs.map(({ audited: { perSecond } }) => perSecond)),
    plainPerSecond: median(pairs.map(({ plain: { perSecond } }) => perSecond)),
  }
  if (values.json) console.log(JSON.stringify(result))
  else {
    for (const [key, value] of Object.entries(result)) {
      console.log(`${key.padEnd(20)} ${typeof value === 'number' ? value.toFixed(3) : JSON.stringify(value)}`)
    }
  }
} finally {
  for (const close of closers) await close()
}
