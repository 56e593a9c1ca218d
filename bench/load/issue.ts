// Processor time per AC against the floor: the same load on vouchd and on a bare TLS server, in interleaved rounds, and
// the raw signature of the same key beside them. Run: node bench/load/issue.ts [options]; --help tells them.
import { readOptions, someOf, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { type AcKind, type ChainKind, createBenchWorld, type HostKind, REQUESTS } from './benchWorld.ts'
import { freePort, startBare, startVouchd } from './children.ts'
import { interleave } from './interleave.ts'
import { latencyQuantiles } from './latencyQuantiles.ts'
import { measureRound, type Round } from './measureRound.ts'
import { residentBytesOf } from './processorTime.ts'
import { proveServer } from './proveServer.ts'
import { signatureMicroseconds } from './rawSignature.ts'
import { median } from './statistics.ts'

/** A round of fewer for each connection is mostly their coming and going. */
const LEAST_EACH = 16

const values = readOptions('node bench/load/issue.ts [options]; lists A,B give a row for each combination', {
  host: { value: 'rsa', shape: 'LIST', about: 'host credentials of both servers: rsa, ec, dual' },
  ac: { value: 'rsa', shape: 'LIST', about: 'the key that signs ACs: rsa, ec' },
  chain: { value: 'proxy', shape: 'LIST', about: 'what the client shows: eec, proxy' },
  protocol: { value: 'rest', shape: 'LIST', about: 'rest, legacy' },
  connections: { value: '16', shape: 'LIST', about: 'at once' },
  count: { value: '400', about: `requests a round, at least ${LEAST_EACH} for each connection` },
  rounds: { value: '15', about: 'interleaved rounds of each row' },
  warmup: { value: '4000', about: 'requests before anything is timed, for each server' },
  config: { value: '', shape: 'TEXT', about: 'TOML to add before [[vo]]' },
})

interface Setting {
  readonly host: HostKind
  readonly ac: AcKind
  readonly chain: ChainKind
  readonly protocol: keyof typeof REQUESTS
  readonly connections: number
}

const hosts = someOf(values.host, 'host', ['rsa', 'ec', 'dual'])
const acs = someOf(values.ac, 'ac', ['rsa', 'ec'])
const chains = someOf(values.chain, 'chain', ['eec', 'proxy'])
const protocols = someOf(values.protocol, 'protocol', ['rest', 'legacy'])
const connections = values.connections.split(',').map(each => whole(each, 'connections', 1, 1000))
const count = whole(values.count, 'count', 1, 100_000)
const roundCount = whole(values.rounds, 'rounds', 1, 1000)
const warmup = whole(values.warmup, 'warmup', 1, 100_000)

const world = await createBenchWorld(Math.floor(Date.now() / 1000))
try {
  const rows: Awaited<ReturnType<typeof measure>>[] = []
  for (const host of hosts) {
    for (const ac of acs) {
      const settings = chains.flatMap(chain =>
        protocols.flatMap(protocol =>
          connections.map((each): Setting => ({ host, ac, chain, protocol, connections: each })),
        ),
      )
      rows.push(...(await measureServer(host, ac, settings)))
    }
  }
  const setting = { count, rounds: roundCount, config: values.config }
  printResult({ benchmark: 'issue', setting, node: process.version, rows }, values.json)
} finally {
  world.remove()
}

async function measureServer(host: HostKind, ac: AcKind, settings: readonly Setting[]) {
  await using servers = new AsyncDisposableStack()
  const port = await freePort()
  const vouchd = await startVouchd(world.configure(host, port, values.config, '', ac), port)
  servers.defer(() => vouchd.stop())
  const answerOctets = { rest: 0, legacy: 0 }
  for (const chain of chains) {
    for (const protocol of protocols) {
      const asked = { credential: world.client(chain), request: REQUESTS[protocol] }
      answerOctets[protocol] = await proveServer(vouchd, asked, world.grant(ac))
    }
  }
  const bare = await startBare(world.hostCredentials(host), answerOctets)
  servers.defer(() => bare.stop())
  await measureRound(bare, loadOf(settings[0]!, Math.ceil(warmup / 20)))
  await measureRound(vouchd, loadOf(settings[0]!, warmup))
  const rows: Awaited<ReturnType<typeof measure>>[] = []
  for (const setting of settings)
    rows.push(await measure(setting, vouchd, bare, answerOctets[setting.protocol]))
  return rows
}

type Server = Parameters<typeof measureRound>[0]

async function measure(setting: Setting, vouchd: Server, bare: Server, octets: number) {
  const load = loadOf(setting, Math.max(count, LEAST_EACH * setting.connections))
  const signatures: number[] = []
  const [floors, issued] = (await interleave(roundCount, [
    async () => {
      signatures.push(signatureMicroseconds(world.acKey(setting.ac)))
      return await measureRound(bare, load)
    },
    () => measureRound(vouchd, load),
  ])) as [Round[], Round[]]
  return {
    ...setting,
    count: load.count,
    answerOctets: octets,
    ratio: median(
      issued.map(({ microseconds }, i) => microseconds / (floors[i]!.microseconds + signatures[i]!)),
    ),
    acMicroseconds: median(issued.map(round => round.microseconds)),
    bareMicroseconds: median(floors.map(round => round.microseconds)),
    signatureMicroseconds: median(signatures),
    acPerSecond: median(issued.map(round => round.perSecond)),
    barePerSecond: median(floors.map(round => round.perSecond)),
    milliseconds: latencyQuantiles(issued.flatMap(round => round.latencies)),
    residentMegabytes: residentBytesOf(vouchd.pid) / 1e6,
  }
}

function loadOf({ chain, protocol, connections: atOnce }: Setting, requests: number) {
  return {
    credential: world.client(chain),
    request: REQUESTS[protocol],
    count: requests,
    connections: Math.min(atOnce, requests),
  }
}
