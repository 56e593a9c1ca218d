// Processor time per AC against the floor: the same load on vouchd and on a bare TLS server, in interleaved rounds, and
// the raw signature of the same key beside them. Run: node bench/load/issue.ts [options]; --help tells them.
import { parseArgs } from 'node:util'
import { type ChainKind, createBenchWorld, type HostKind, REQUESTS } from './benchWorld.ts'
import { type BenchServer, freePort, load, startBare, startVouchd } from './children.ts'
import { processorTimeOf, residentBytesOf } from './processorTime.ts'
import { signatureMicroseconds } from './rawSignature.ts'
import { median } from './statistics.ts'

const HELP = `node bench/load/issue.ts [options]
  --host rsa|ec|dual      host credentials of both servers (rsa)
  --chain eec|proxy       what the client shows (proxy)
  --protocol rest|legacy  (rest)
  --connections N         at once (16)
  --count N               requests a round (400)
  --rounds N              interleaved pairs of rounds (15)
  --config TEXT           TOML to add before [[vo]]
  --json                  JSON instead of a table`

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: 'rsa' },
    chain: { type: 'string', default: 'proxy' },
    protocol: { type: 'string', default: 'rest' },
    connections: { type: 'string', default: '16' },
    count: { type: 'string', default: '400' },
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

interface Round {
  readonly microseconds: number
  readonly perSecond: number
  readonly milliseconds: Readonly<Record<string, number>>
}

const host = values.host as HostKind
const world = await createBenchWorld(Math.floor(Date.now() / 1000))
const credential = world.client(values.chain as ChainKind)
const request = REQUESTS[values.protocol as keyof typeof REQUESTS]
const count = Number(values.count)
const connections = Number(values.connections)
const servers: BenchServer[] = []
try {
  const port = await freePort()
  const vouchd = await startVouchd(world.configure(host, port, values.config), port)
  servers.push(vouchd)
  const bare = await startBare(world.hostCredentials(host), 3300)
  servers.push(bare)

  // Warm both up, and prove that the answers are right before anything is timed.
  await run(bare, 200)
  await run(vouchd, 4000)
  const rounds = { bare: [] as Round[], vouchd: [] as Round[] }
  const signatures: number[] = []
  for (let i = 0; i < Number(values.rounds); i++) {
    rounds.bare.push(await run(bare, count))
    rounds.vouchd.push(await run(vouchd, count))
    signatures.push(signatureMicroseconds(world.acKey))
    if (process.stderr.isTTY) process.stderr.write(`\rround ${i + 1} of ${values.rounds}`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const ratios = rounds.vouchd.map(
    (round, i) => round.microseconds / (rounds.bare[i]!.microseconds + signatures[i]!),
  )
  const result = {
    benchmark: 'issue',
    setting: {
      host,
      chain: values.chain,
      protocol: values.protocol,
      connections,
      count,
      rounds: ratios.length,
    },
    node: process.version,
    bareMicroseconds: median(rounds.bare.map(round => round.microseconds)),
    signatureMicroseconds: median(signatures),
    acMicroseconds: median(rounds.vouchd.map(round => round.microseconds)),
    ratio: median(ratios),
    acPerSecond: median(rounds.vouchd.map(round => round.perSecond)),
    milliseconds: Object.fromEntries(
      Object.keys(rounds.vouchd[0]!.milliseconds).map(key => [
        key,
        median(rounds.vouchd.map(round => round.milliseconds[key]!)),
      ]),
    ),
    residentMegabytes: residentBytesOf(vouchd.pid) / 1e6,
  }
  console.log(values.json ? JSON.stringify(result) : formatTable(result))
} finally {
  await Promise.all(servers.map(server => server.stop()))
  world.remove()
}

async function run(server: BenchServer, requests: number): Promise<Round> {
  const before = processorTimeOf(server.pid)
  const expect = '</ac></vo'
  const result = await load({ port: server.port, credential, request, expect, count: requests, connections })
  const used = processorTimeOf(server.pid) - before
  return {
    microseconds: (used / result.count) * 1e6,
    perSecond: result.count / result.seconds,
    milliseconds: result.milliseconds,
  }
}

function formatTable(result: Record<string, unknown>): string {
  return Object.entries(result)
    .map(
      ([key, value]) =>
        `${key.padEnd(24)} ${typeof value === 'number' ? value.toFixed(3) : JSON.stringify(value)}`,
    )
    .join('\n')
}
