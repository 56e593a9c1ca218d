import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FIGURES, isReached } from '../../bench/figures.ts'
import { barChart } from '../../bench/report/barChart.ts'
import { fillBlocks } from '../../bench/report/fillBlocks.ts'
import { makeReport, type Reports } from '../../bench/report/makeReport.ts'
import { readmeBlocks } from '../../bench/report/readmeBlocks.ts'
import { readReports } from '../../bench/report/readReports.ts'

const machine = {
  processor: 'Abacus <2>',
  cores: 2,
  memoryGigabytes: 8,
  kernel: 'Linux 6',
  node: 'v26.0.0',
  openssl: '3.5.0',
  vouchd: '0.1.0',
  revision: 'abcdef0123',
  loadBefore: 0.1,
}
const reportOf = (name: string, figures: Record<string, unknown>) => ({
  command: `node bench/${name}.ts`,
  at: '2026-01-01T00:00:00.000Z',
  seconds: 12.3,
  machine,
  result: { benchmark: name, ...figures },
})
const issued = (connections: number) => ({
  ...{
    host: 'rsa',
    ac: 'rsa',
    chain: 'proxy',
    protocol: 'rest',
    connections,
    ratio: 1.25,
    acMicroseconds: 1700,
  },
  ...{ bareMicroseconds: 1050, signatureMicroseconds: 310, acPerSecond: 600, barePerSecond: 900 },
  milliseconds: { p50: 3, p95: 9, p99: 12, 'p99.9': 40 },
})
const sized = (members: number, vos: number) => ({
  ...{ members, vos, acMicroseconds: 1200 + vos, postgresMicroseconds: 90 },
})

/** Every benchmark that charts or figures are made of. */
const reports: Reports = {
  issue: reportOf('issue', { rows: [issued(16)] }),
  dual: reportOf('dual', { processorTimeRatio: 0.9 }),
  keepalive: reportOf('keepalive', { signatureOverAc: 0.7 }),
  hotpath: reportOf('hotpath', {
    rows: [
      { step: 'encode + lint + assemble + base64 + XML', 'median µs': 16.8 },
      { step: 'CRL look-up', 'median µs': 0 },
    ],
  }),
  workers: reportOf('workers', { processorTimeRatio: 1.05, lesserShare: 0.45 }),
  scale: reportOf('scale', {
    overSmallest: 1.2,
    residentMegabytes: 580,
    rows: [sized(1000, 1), sized(1_000_000, 50)],
  }),
  overload: reportOf('overload', {
    goodputOverPeak: { 1: 1, 4: 0.95, 10: 0.7 },
    secondsToBaseLine: 2,
    refusalMicroseconds: 31,
    steps: [1, 4, 10].map(factor => ({ factor, goodput: 500, milliseconds: { p99: factor * 60 } })),
  }),
  connections: reportOf('connections', { rows: [1, 16, 256].map(issued) }),
  credentials: reportOf('credentials', { rows: [issued(16)] }),
}

describe('the report', () => {
  const files = makeReport(reports)
  const page = files.get('benchmarks.md')!

  it('has every figure with what has to be reached, what was measured, and the verdict', () => {
    for (const { what } of FIGURES) expect(page).toContain(`| ${what} |`)
    expect(page).toContain('| <= 1.35, aim 1.20 | 1.25 | reached |')
    expect(page).toContain('| <= 0.85 | 0.9 | **missed** |')
    expect(page).toContain('| >= 0.65 | 0.7 | reached |')
    expect(page).toContain('| <= 1000 ms | 600 ms | reached |')
    expect(page).toContain('| <= 30 µs | 31 µs | **missed** |')
    expect(page).toContain('| <= 600 MB | 580 MB | reached |')
  })

  it('says where a figure is missing', () => {
    const { keepalive: _, ...others } = reports
    expect(makeReport(others).get('benchmarks.md')).toContain('| >= 0.65 | not measured |  |')
  })

  it('names machine, commands and load', () => {
    expect(page).toContain('Abacus <2>, 2 cores, 8 GB, Linux 6, OpenSSL 3.5.0, vouchd 0.1.0')
    expect(page).toContain('| `node bench/scale.ts` | 12 | 0.1 | v26.0.0 | abcdef0123 |')
  })

  it('shows every chart that it makes, and makes every chart that it shows', () => {
    const shown = [...page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, name]) => name)
    expect(shown.toSorted()).toEqual([...files.keys()].filter(name => name.endsWith('.svg')).toSorted())
    expect(shown).toHaveLength(7)
  })

  it.each([...files].filter(([name]) => name.endsWith('.svg')))(
    '%s is whole, for light and dark',
    (_, svg) => {
      expect(openTags(svg)).toEqual([])
      expect(svg).toContain('@media (prefers-color-scheme:dark)')
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    },
  )
})

it('text in a chart is text, whatever it holds', () => {
  const svg = barChart({
    title: 'a < b & "c"',
    note: '',
    series: ['x'],
    rows: [{ label: '</svg>', values: [1] }],
  })
  expect(openTags(svg)).toEqual([])
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;')
  expect(svg.match(/<\/svg>/g)).toHaveLength(1)
})

it('a chart of what is no number is refused', () => {
  const rows = [
    { label: 'a', values: [Number.NaN] },
    { label: 'b', values: [1] },
  ]
  expect(() => barChart({ title: '', note: '', series: ['x'], rows })).toThrow('no number')
})

it('a figure is reached at its bound', () => {
  const [ratio] = FIGURES
  expect(isReached(ratio!, 1.35)).toBe(true)
  expect(isReached(ratio!, 1.36)).toBe(false)
})

it('the tables of the README are those of the results that are kept', () => {
  const readme = fileURLToPath(new URL('../../bench/README.md', import.meta.url))
  const text = readFileSync(readme, 'utf8')
  const kept = readReports(fileURLToPath(new URL('../../bench/results/', import.meta.url)))
  expect(fillBlocks(text, readmeBlocks(kept)), 'npm run bench:report').toBe(text)
})

it('a text without a place for a table is refused', () => {
  expect(fillBlocks('a <!-- b -->old<!-- /b --> c', { b: 'new' })).toBe('a <!-- b -->\nnew\n<!-- /b --> c')
  expect(() => fillBlocks('a', { b: 'new' })).toThrow('no place for the block b')
})

it('the ways to sign are a table', () => {
  const way = (name: string, work: number, cpu: number) => ({
    ...{ way: name, 'other work µs': work, 'cpu µs': cpu, 'over inline': cpu / 300, 'main thread µs': 20.4 },
  })
  const rows = [way('inline', 0, 300), way('pool', 0, 330), way('inline', 300, 300), way('pool', 300, 345)]
  const table = readmeBlocks({ signing: reportOf('signing', { rows }) })['signing']!
  expect(table).toContain('| pool | 330 | 1.10 | 20 | 345 | 1.15 | 20 |')
  expect(table.split('\n').map(line => line.split('|').length)).toEqual([9, 9, 9, 9])
})

it('the page and its charts are those of the results that are kept', () => {
  const folder = (name: string) => fileURLToPath(new URL(`../../${name}/`, import.meta.url))
  const kept = readReports(folder('bench/results'))
  if (Object.keys(kept).length === 0) return
  for (const [name, text] of makeReport(kept)) {
    expect(readFileSync(`${folder('docs')}${name}`, 'utf8'), `${name}: npm run bench:report`).toBe(text)
  }
})

/** Elements that are opened and not closed in their order. */
function openTags(xml: string): string[] {
  const open: string[] = []
  for (const [, closing, name, rest] of xml.matchAll(/<(\/?)([a-z]+)([^>]*)>/g)) {
    if (closing === '/') expect(open.pop()).toBe(name)
    else if (!rest!.endsWith('/')) open.push(name!)
  }
  return open
}
