import type { Report } from '../keptReport.ts'
import { barChart } from './barChart.ts'
import { figuresTable } from './figuresTable.ts'
import { lineChart } from './lineChart.ts'
import { runsTable } from './runsTable.ts'
import { formatFigure } from './svg.ts'

export type Reports = Readonly<Record<string, Report>>

interface Chart {
  readonly name: string
  readonly heading: string
  readonly about: string
  readonly svg: string
}

type Row = Readonly<Record<string, unknown>>

/** The page and its charts, by file name, from what `npm run bench` kept. Leaves out what was not measured. */
export function makeReport(reports: Reports): ReadonlyMap<string, string> {
  const charts = CHARTS.flatMap(make => make(reports) ?? [])
  return new Map([
    ['benchmarks.md', page(reports, charts)],
    ...charts.map(({ name, svg }) => [`${name}.svg`, svg] as const),
  ])
}

const CHARTS: readonly ((reports: Reports) => Chart | undefined)[] = [
  shareOfFloor,
  connectionsThroughput,
  connectionsLatency,
  credentials,
  scale,
  overload,
  hotpath,
]

function rowsOf(reports: Reports, name: string): readonly Row[] | undefined {
  const rows = reports[name]?.result['rows'] as readonly Row[] | undefined
  return rows === undefined || rows.length === 0 ? undefined : rows
}

const number = (row: Row, name: string): number => row[name] as number

function shareOfFloor(reports: Reports): Chart | undefined {
  const row = rowsOf(reports, 'issue')?.[0]
  if (row === undefined) return undefined
  const bare = number(row, 'bareMicroseconds')
  const signature = number(row, 'signatureMicroseconds')
  const rest = Math.max(0, number(row, 'acMicroseconds') - bare - signature)
  return {
    name: 'bench-floor',
    heading: 'An AC over its floor',
    about: `What a bare TLS connection costs, one raw signature, and all the rest: ${formatFigure(number(row, 'ratio'))} times the floor (the median of the rounds' ratios).`,
    svg: barChart({
      title: 'Processor time of an AC over a fresh TLS connection',
      note: 'µs over all processes and threads; RSA-2048, proxy chain, REST, 16 connections',
      series: ['bare TLS connection', 'raw signature', 'everything else'],
      rows: [
        { label: 'floor', values: [bare, signature, 0] },
        { label: 'vouchd', values: [bare, signature, rest] },
      ],
    }),
  }
}

function connectionsThroughput(reports: Reports): Chart | undefined {
  const rows = rowsOf(reports, 'connections')
  if (rows === undefined) return undefined
  return {
    name: 'bench-throughput',
    heading: 'Throughput by connections at once',
    about: 'The load runs on the same cores.',
    svg: lineChart({
      title: 'Requests a second by connections at once',
      note: 'fresh TLS connection each; RSA-2048, proxy chain, REST; the load runs on the same machine',
      places: rows.map(row => String(row['connections'])),
      axis: 'connections at once',
      series: [
        { name: 'bare TLS server', values: rows.map(row => number(row, 'barePerSecond')) },
        { name: 'vouchd', values: rows.map(row => number(row, 'acPerSecond')) },
      ],
    }),
  }
}

function connectionsLatency(reports: Reports): Chart | undefined {
  const rows = rowsOf(reports, 'connections')
  if (rows === undefined) return undefined
  const milliseconds = rows.map(row => row['milliseconds'] as Readonly<Record<string, number>>)
  const names = ['p50', 'p95', 'p99', 'p99.9']
  return {
    name: 'bench-latency',
    heading: 'Latency by connections at once',
    about: 'From the first octet to the close, connection and handshake included.',
    svg: barChart({
      title: 'Latency of an AC by connections at once',
      note: 'ms, logarithmic; connection and handshake included, the load on the same machine',
      series: names,
      kind: 'beside',
      logarithmic: true,
      rows: rows.map((row, i) => ({
        label: `${row['connections']} at once`,
        values: names.map(name => milliseconds[i]![name]!),
      })),
    }),
  }
}

function credentials(reports: Reports): Chart | undefined {
  const rows = rowsOf(reports, 'credentials')
  if (rows === undefined) return undefined
  return {
    name: 'bench-credentials',
    heading: 'Host certificates, keys, chains and protocols',
    about:
      'The key of the handshake, then that of the AC. Handshakes with ECDSA and ACs with RSA are what a daemon with both host certificates has with clients that can do ECDSA; all that is ec is P-256.',
    svg: barChart({
      title: 'Processor time of an AC by host certificate, key, chain and protocol',
      note: 'µs over all processes and threads; 16 connections',
      series: ['vouchd', 'floor: bare TLS connection and raw signature'],
      kind: 'beside',
      rows: rows.map(row => ({
        label: `${row['host']}, AC ${row['ac']}, ${row['chain']}, ${row['protocol']}`,
        values: [
          number(row, 'acMicroseconds'),
          number(row, 'bareMicroseconds') + number(row, 'signatureMicroseconds'),
        ],
      })),
    }),
  }
}

function scale(reports: Reports): Chart | undefined {
  const rows = rowsOf(reports, 'scale')
  if (rows === undefined) return undefined
  return {
    name: 'bench-scale',
    heading: 'The size of a VO',
    about:
      'Members ask by Zipf’s law (s = 1), each with a certificate of his own, cold look-ups included; dual host certificates, EEC chains.',
    svg: barChart({
      title: 'Processor time of an AC by members',
      note: 'µs over all processes and threads',
      series: ['vouchd', 'PostgreSQL'],
      rows: rows.map(row => ({
        label: `${formatCount(number(row, 'members'))} members${number(row, 'vos') === 1 ? '' : `, ${row['vos']} VOs`}`,
        values: [number(row, 'acMicroseconds'), Math.max(0, number(row, 'postgresMicroseconds'))],
      })),
    }),
  }
}

function overload(reports: Reports): Chart | undefined {
  const steps = reports['overload']?.result['steps'] as readonly Row[] | undefined
  if (steps === undefined || steps.length === 0) return undefined
  const p99 = steps.map(step => (step['milliseconds'] as Row)['p99'] as number)
  return {
    name: 'bench-overload',
    heading: 'More clients than can be served',
    about: `Each comes when a schedule says so, whatever became of the others. The slowest hundredth of what was served took ${formatFigure(Math.max(...p99))} ms or more, at worst, up to 4 times the capacity at RSA-2048.`,
    svg: lineChart({
      title: 'ACs a second by clients offered',
      note: 'open loop; the daemon has one core, the load another',
      places: steps.map(step => `${step['factor']} times`),
      axis: 'offered, as times of the capacity',
      series: [{ name: 'served', values: steps.map(step => number(step, 'goodput')) }],
    }),
  }
}

function hotpath(reports: Reports): Chart | undefined {
  const rows = rowsOf(reports, 'hotpath')
  if (rows === undefined) return undefined
  return {
    name: 'bench-hotpath',
    heading: 'The steps by themselves',
    about: 'Some are part of others; what is cached is asked of the caches.',
    svg: barChart({
      title: 'Processor time of each step',
      note: 'µs, logarithmic',
      series: ['µs'],
      logarithmic: true,
      rows: rows.map(row => ({
        label: String(row['step']),
        values: [Math.max(0, number(row, 'median µs'))],
      })),
    }),
  }
}

function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ')
}

function page(reports: Reports, charts: readonly Chart[]): string {
  return `# Benchmarks

What \`npm run bench\` measured, as \`npm run bench:report\` writes it from [bench/results](../bench/results): do not edit.
[bench/README.md](../bench/README.md) tells how each is measured. Compare ratios, not times: those are this machine's.

## Figures to reach

${figuresTable(reports)}

## Where and how

${runsTable(reports)}
${charts.map(({ name, heading, about }) => `\n## ${heading}\n\n${about}\n\n![${heading}](${name}.svg)\n`).join('')}`
}
