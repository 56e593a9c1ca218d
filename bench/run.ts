// All benchmarks of the figures that the project means to reach, and the table of them with what was measured.
// Run: npm run bench -- [options]; --help tells them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatTable } from '../src/cli/table.ts'
import { BENCHMARKS } from './benchmarks.ts'
import { readOptions, someOf } from './commandLine.ts'
import { describeMachine } from './describeMachine.ts'
import { FIGURES, goalOf, isReached } from './figures.ts'
import type { Report } from './keptReport.ts'
import { runBenchmark } from './runBenchmark.ts'

const names = BENCHMARKS.map(({ name }) => name)
const values = readOptions('npm run bench -- [options]', {
  only: { value: '', shape: 'LIST', about: `only these: ${names.join(', ')}` },
  quick: { value: false, about: 'a short form: to see that it works, not what it gives' },
  out: { value: '', shape: 'FOLDER', about: 'where the JSON goes; bench/results/ unless --quick' },
})
const only = values.only === '' ? names : someOf(values.only, 'only', names)
const kept = values.quick ? undefined : fileURLToPath(new URL('./results/', import.meta.url))
const folder = values.out === '' ? kept : values.out

const reports: Record<string, Report> = {}
for (const { name, script, args, quick } of BENCHMARKS) {
  if (!only.includes(name)) continue
  const given = values.quick ? quick : args
  const command = [
    'node',
    `bench/${script}`,
    ...given.map(each => (/^[\w.,/-]+$/.test(each) ? each : `'${each}'`)),
  ]
  process.stderr.write(`${command.join(' ')}\n`)
  const machine = describeMachine()
  const at = new Date().toISOString()
  const since = performance.now()
  const result = await runBenchmark(script, given)
  const seconds = Math.round((performance.now() - since) / 100) / 10
  const report: Report = { command: command.join(' '), at, seconds, machine, result }
  reports[name] = report
  if (folder !== undefined) keep(join(folder, `${name}.json`), report)
}

const figures = FIGURES.flatMap(figure => {
  const value = reports[figure.from] && figure.of(reports[figure.from]!.result)
  if (value === undefined) return []
  return [
    { what: figure.what, goal: goalOf(figure), value, unit: figure.unit, reached: isReached(figure, value) },
  ]
})
if (values.json) console.log(JSON.stringify({ figures, reports }))
else {
  const rows = figures.map(({ what, goal, value, unit, reached }) => [
    reached ? 'reached' : 'MISSED',
    [value.toPrecision(3), unit ?? ''].join(' ').trim(),
    goal,
    what,
  ])
  process.stdout.write(formatTable([['', 'measured', 'reach', 'what'], ...rows]))
}

function keep(file: string, report: Report): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
}
