// The same load on several VOMS servers, side by side in alternating rounds: what an operator can hold vouchd against the
// server of today with. Run: node bench/load/compare.ts HOST:PORT ... --cert FILE --key FILE --vo NAME [options]

import { lookup } from 'node:dns/promises'
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { oneOf, readOptions, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { load } from './children.ts'
import { findListener } from './findListener.ts'
import { interleave } from './interleave.ts'
import { processorTimeOf, residentBytesOf } from './processorTime.ts'
import type { LoadResult } from './runLanes.ts'
import { median, quantile } from './statistics.ts'

const USAGE = `node bench/load/compare.ts HOST:PORT ... --cert FILE --vo NAME [options]

Asks each server for an AC of the same VO with the same certificate, each time over a connection of its own. Every answer
has to hold an AC. Processor time and memory are told of servers on this machine whose processes may be looked at.
`
const values = readOptions(
  USAGE,
  {
    cert: {
      value: '',
      shape: 'FILE',
      about: "the user's certificate, PEM, its chain after it; or a proxy file",
    },
    key: {
      value: '',
      shape: 'FILE',
      about: 'its key, PEM, without a passphrase; by default in the file of --cert',
    },
    vo: { value: '', shape: 'NAME', about: 'the VO that is asked for, of which the user is a member' },
    protocol: { value: 'legacy', shape: 'WHICH', about: 'legacy, which every VOMS server speaks, or rest' },
    connections: { value: '4', about: 'at once' },
    count: { value: '100', about: 'requests a round' },
    rounds: { value: '15', about: 'alternating rounds' },
    warmup: { value: '200', about: 'requests to each before anything is timed' },
    remote: { value: false, about: 'servers on other machines too: their users feel the load' },
  },
  true,
)
const { cert, vo } = values
const key = values.key === '' ? cert : values.key
if (values.positionals.length === 0) refuse('name the servers, HOST:PORT each')
if (cert === '' || vo === '') refuse('--cert and --vo are needed')
for (const file of [cert, key]) if (!existsSync(file)) refuse(`${file} is not there`)
if (!/^[\w.-]+$/.test(vo)) refuse(`--vo: ${JSON.stringify(vo)} is no name of a VO`)
const protocol = oneOf(values.protocol, 'protocol', ['legacy', 'rest'])
const connections = whole(values.connections, 'connections', 1, 256)
const count = whole(values.count, 'count', connections, 10_000)
const rounds = whole(values.rounds, 'rounds', 1, 100)
const warmup = whole(values.warmup, 'warmup', 1, 10_000)
const servers = await Promise.all(values.positionals.map(readServer))

const request =
  protocol === 'rest'
    ? `GET /generate-ac?fqans=/${vo}&lifetime=43200 HTTP/1.1\r\nHost: voms.example.org\r\nConnection: close\r\n\r\n`
    : `<?xml version="1.0" encoding="US-ASCII"?><voms><command>G/${vo}</command><base64>1</base64><version>4</version><lifetime>43200</lifetime></voms>`
/** The beginning of an AC, a DER SEQUENCE with two octets of length, in base64: no error holds that. */
const EXPECT = '<ac>MII'

type Server = Awaited<ReturnType<typeof readServer>>

for (const server of servers) await ask(server, warmup)
const measured = await interleave(
  rounds,
  servers.map(server => () => ask(server, count)),
)
const rows = servers.map(({ name, pid }, i) => {
  const of = measured[i]!
  const latencies = of.flatMap(({ result }) => result.latencies)
  const ratio = (one: Sample, other: Sample) =>
    one.result.count / one.result.seconds / (other.result.count / other.result.seconds)
  return {
    server: name,
    perSecond: median(of.map(({ result }) => result.count / result.seconds)),
    perSecondOverFirst: median(of.map((sample, round) => ratio(sample, measured[0]![round]!))),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    ...(pid === undefined
      ? {}
      : {
          microseconds: median(of.map(sample => sample.microseconds!)),
          residentMegabytes: residentBytesOf(pid) / 1e6,
        }),
  }
})
printResult(
  {
    benchmark: 'compare',
    setting: { vo, protocol, connections, count, rounds },
    node: process.version,
    rows,
  },
  values.json,
)

interface Sample {
  readonly result: LoadResult
  /** Processor time per AC, of a server on this machine. */
  readonly microseconds: number | undefined
}

async function ask({ host, port, pid }: Server, requests: number): Promise<Sample> {
  const before = pid === undefined ? 0 : processorTimeOf(pid)
  const credential = { certificate: cert, key }
  const result = await load({ host, port, credential, request, expect: EXPECT, count: requests, connections })
  if (pid === undefined) return { result, microseconds: undefined }
  return { result, microseconds: ((processorTimeOf(pid) - before) / result.count) * 1e6 }
}

async function readServer(name: string) {
  const [, host, digits] = /^\[?([^[\]]+?)\]?:(\d+)$/.exec(name) ?? []
  if (host === undefined || digits === undefined) refuse(`${JSON.stringify(name)} is not HOST:PORT`)
  const port = whole(digits!, 'PORT', 1, 65_535)
  const address = isIP(host!) === 0 ? (await lookup(host!)).address : host!
  const isHere = address === '::1' || address.startsWith('127.')
  if (!isHere && !values.remote) {
    refuse(`${name} is not of this machine; --remote puts the load on it all the same`)
  }
  return { name, host: address, port, pid: isHere ? findListener(port) : undefined }
}

function refuse(why: string): never {
  console.error(`${why}\n\nnode bench/load/compare.ts --help tells more`)
  process.exit(2)
}
