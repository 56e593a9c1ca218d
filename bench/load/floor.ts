// The floor by itself: what a connection costs a bare TLS server that answers as many octets as an AC takes, for each
// kind of host credentials, and what a raw signature costs. Run: node bench/load/floor.ts [options]
import { readOptions, someOf, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { createBenchWorld, REQUESTS } from './benchWorld.ts'
import { freePort, startBare, startVouchd } from './children.ts'
import { interleave } from './interleave.ts'
import { measureRound } from './measureRound.ts'
import { proveServer } from './proveServer.ts'
import { signatureMicroseconds } from './rawSignature.ts'
import { median } from './statistics.ts'

const values = readOptions('node bench/load/floor.ts [options]', {
  host: { value: 'rsa,ec,dual', shape: 'LIST', about: 'host credentials' },
  chain: { value: 'proxy', shape: 'LIST', about: 'what the client shows: eec, proxy' },
  octets: { value: '', about: "of the answer; without it those of the daemon's own" },
  connections: { value: '16', about: 'at once' },
  count: { value: '400', about: 'requests a round' },
  rounds: { value: '15', about: 'interleaved rounds of each' },
})
const hosts = someOf(values.host, 'host', ['rsa', 'ec', 'dual'])
const chains = someOf(values.chain, 'chain', ['eec', 'proxy'])
const given = values.octets === '' ? undefined : whole(values.octets, 'octets', 200, 1_000_000)
const connections = whole(values.connections, 'connections', 1, 1000)
const count = whole(values.count, 'count', 1, 100_000)
const rounds = whole(values.rounds, 'rounds', 1, 1000)

const world = await createBenchWorld(Math.floor(Date.now() / 1000))
await using servers = new AsyncDisposableStack()
servers.defer(() => world.remove())
const octets = given ?? (await octetsOfAnswer())
const sides: { host: string; chain: string; run: (requests: number) => ReturnType<typeof measureRound> }[] =
  []
for (const host of hosts) {
  const server = await startBare(world.hostCredentials(host), { rest: octets, legacy: octets })
  servers.defer(() => server.stop())
  for (const chain of chains) {
    const parameters = { credential: world.client(chain), request: REQUESTS.rest, connections }
    const run = (requests: number) => measureRound(server, { ...parameters, count: requests })
    await run(Math.max(connections, Math.ceil(count / 2)))
    sides.push({ host, chain, run })
  }
}
const signatures: number[] = []
const results = await interleave(rounds, [
  async () => void signatures.push(signatureMicroseconds(world.acKey())),
  ...sides.map(
    ({ run }) =>
      () =>
        run(count),
  ),
])
const signature = median(signatures)
const rows = sides.map(({ host, chain }, i) => {
  const measured = results[i + 1]!.filter(round => round !== undefined)
  const bareMicroseconds = median(measured.map(({ microseconds }) => microseconds))
  const perSecond = median(measured.map(round => round.perSecond))
  return { host, chain, bareMicroseconds, floorMicroseconds: bareMicroseconds + signature, perSecond }
})
const setting = { octets, connections, count, rounds }
printResult(
  { benchmark: 'floor', setting, node: process.version, signatureMicroseconds: signature, rows },
  values.json,
)

async function octetsOfAnswer(): Promise<number> {
  const port = await freePort()
  const vouchd = await startVouchd(world.configure('rsa', port), port)
  try {
    return await proveServer(
      vouchd,
      { credential: world.client('proxy'), request: REQUESTS.rest },
      world.grant(),
    )
  } finally {
    await vouchd.stop()
  }
}
