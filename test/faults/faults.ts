// Runs what goes wrong for as long as it takes to know. npm run faults -- --help
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseOrExplain } from '../../bench/commandLine.ts'
import type { FaultResult } from './faultRun.ts'
import { RUNS } from './runs.ts'

const HELP = `npm run faults -- [options] [NAME]...

Runs each of these, or those that are named, for as long as it takes to know, one after another, against daemons that
it starts. Ends with 1 when something did not hold.

${RUNS.map(({ name, about, long, unit }) => `  ${name.padEnd(13)}${about} (${long} ${unit})`).join('\n')}

  --count N    other than the number in brackets
  --short      as short as in each test run
  --json FILE  write the results there as well
  --list       only print the names

Examples:
  npm run faults -- suspensions
  npm run faults -- --short --json faults.json
`

const { values, positionals } = parseOrExplain(HELP, {
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

let lastTold = 0
const unknown = positionals.filter(name => !RUNS.some(run => run.name === name))
if (values.list) console.log(RUNS.map(({ name }) => name).join('\n'))
else if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(', ')}; there are ${RUNS.map(({ name }) => name).join(', ')}`)
  process.exitCode = 2
} else if (values.count !== undefined && !/^[1-9]\d*$/.test(values.count)) {
  console.error(`--count ${values.count}: write a whole number from 1 on`)
  process.exitCode = 2
} else await runAll()

interface Row extends FaultResult {
  readonly name: string
  readonly count: number
  readonly unit: string
  readonly seconds: number
  /** Of the machine, over the last five minutes: what it did beside this. */
  readonly load: number
}

async function runAll(): Promise<void> {
  const rows: Row[] = []
  for (const run of RUNS) {
    if (positionals.length > 0 && !positionals.includes(run.name)) continue
    const count = values.count === undefined ? (values.short ? run.short : run.long) : Number(values.count)
    const missing = run.missing?.()
    const began = performance.now()
    const result =
      missing === undefined
        ? await run.run(count, text => tell(`${run.name}: ${text}`))
        : { figures: {}, wrong: [`cannot run here: ${missing}`], late: [] }
    tell('')
    const seconds = Math.round((performance.now() - began) / 1000)
    rows.push({ name: run.name, count, unit: run.unit, seconds, load: Math.round(loadavg()[1]!), ...result })
    print(rows.at(-1)!)
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`)
  if (rows.some(({ wrong, late }) => wrong.length + late.length > 0)) process.exitCode = 1
}

/** One line that changes on a terminal, a line now and then elsewhere. */
function tell(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (text !== '' && performance.now() - lastTold > 10_000) {
    lastTold = performance.now()
    process.stderr.write(`${text}\n`)
  }
}

function print({ name, count, unit, seconds, load, figures, wrong, late }: Row): void {
  console.log(
    `${wrong.length > 0 ? 'NOT OK' : late.length > 0 ? 'LATE' : 'ok'} ${name}: ${count} ${unit}, ${seconds} s, load ${load}`,
  )
  const width = Math.max(0, ...Object.keys(figures).map(key => key.length))
  for (const [key, value] of Object.entries(figures)) console.log(`    ${key.padEnd(width)}  ${value}`)
  for (const one of wrong) console.log(`    NOT: ${one}`)
  for (const one of late) console.log(`    LATE: ${one}`)
}
