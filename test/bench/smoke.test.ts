import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { BENCHMARKS } from '../../bench/benchmarks.ts'
import { FIGURES } from '../../bench/figures.ts'
import { runBenchmark } from '../../bench/runBenchmark.ts'
import { findPostgres } from '../store/postgresCluster.ts'

// That each benchmark runs and proves its answers. What it measures here says nothing, and is not looked at.

const found = findPostgres()
const noPostgres = 'skip' in found
const TIMEOUT = { timeout: 240_000 }

describe('benchmarks run, and hold the figures that the table is made of', () => {
  const few = (count: number) => ['--rounds', '1', '--count', `${count}`]
  it.each([
    { name: 'issue', args: [...few(8), '--warmup', '8', '--connections', '4', '--protocol', 'rest,legacy'] },
    { name: 'workers', args: [...few(40), '--warmup', '20', '--connections', '20'] },
    { name: 'keepalive', args: [...few(40), '--warmup', '16'] },
    {
      name: 'scale',
      args: [...few(20), '--sizes', '10,20x2,100', '--warmup', '10', '--total', '40', '--robot', '5'],
      postgres: true,
    },
    { name: 'hotpath', args: ['--rounds', '1', '--scale', '1', '--revoked', '1000'], postgres: true },
  ])('$name', TIMEOUT, async ({ name, args, postgres = false }) => {
    if (postgres && noPostgres) return
    const { script } = BENCHMARKS.find(benchmark => benchmark.name === name)!
    const result = await runBenchmark(script, args)
    const figures = FIGURES.filter(({ from }) => from === name).map(figure => figure.of(result))
    expect(figures.length).toBeGreaterThan(0)
    for (const figure of figures) expect(figure).toBeGreaterThan(0)
  })
})

describe('the command line', () => {
  const run = (script: string, ...args: string[]) => {
    const path = fileURLToPath(new URL(`../../bench/${script}`, import.meta.url))
    return spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' })
  }
  it('tells every option with --help', () => {
    const { status, stdout } = run('run.ts', '--help')
    expect(status).toBe(0)
    for (const option of ['--only', '--quick', '--out', '--json']) expect(stdout).toContain(option)
    for (const { name } of BENCHMARKS) expect(stdout).toContain(name)
  })
  it.each(['load/start.ts', 'adopt/compare.ts'])(
    '%s tells its options with --help, and starts nothing',
    script => {
      const { status, stdout, stderr } = run(script, '--help')
      expect(stderr).toBe('')
      expect(status).toBe(0)
      expect(stdout).toContain('--json')
    },
  )
  it.each([
    { args: ['--count', '0'], says: '--count: write a whole number from 1 to 100000, not "0"' },
    { args: ['--host', 'dsa'], says: '--host: write one of rsa, ec, dual, not "dsa"' },
    { args: ['--cuont', '5'], says: "Unknown option '--cuont'" },
  ])('refuses $args', ({ args, says }) => {
    const { status, stderr } = run('load/issue.ts', ...args)
    expect(status).toBe(2)
    expect(stderr).toContain(says)
  })
})

it('every figure comes from a benchmark that is run', () => {
  const names = BENCHMARKS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { from, atMost, atLeast } of FIGURES) {
    expect(names).toContain(from)
    expect([atMost, atLeast].filter(bound => bound !== undefined)).toHaveLength(1)
  }
})
