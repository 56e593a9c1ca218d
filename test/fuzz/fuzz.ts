import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseOrExplain, whole } from '../../bench/commandLine.ts'
import { differencesSeen } from './differences.ts'
import { formatResults } from './formatResults.ts'
import { type Finding, runTarget, type TargetResult } from './runTarget.ts'
import type { FuzzTarget } from './target.ts'
import { CODEC_TARGETS } from './targets/index.ts'
import { openSocketTargets, SOCKET_TARGETS } from './targets/socketTargets.ts'

const HELP = `npm run fuzz -- [options]

Runs the targets one after another: each so many inputs (fewer of costly ones), the same ones for the same seed. What
is found lies in test/fuzz/findings afterwards. Ends with 1 when anything is.

  --count N      inputs of a target (20000)
  --seed S       another seed, other inputs (1)
  --target NAME  only this one; may be given again
  --sockets      the targets that run against a whole daemon, instead of those that call a reader
  --json FILE    write the results there as well
  --list         only print the names

Examples:
  npm run fuzz -- --target crl --target pem --count 200000 --seed 6
  npm run fuzz -- --sockets --count 100000 --seed 2 --json sockets.json
`

const { values } = parseOrExplain(HELP, {
  options: {
    target: { type: 'string', multiple: true },
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    sockets: { type: 'boolean', default: false },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const names = [...CODEC_TARGETS.map(({ name }) => name), ...SOCKET_TARGETS]
const unknown = values.target?.filter(name => !names.includes(name)) ?? []
if (values.list) {
  console.log(names.join('\n'))
  process.exit(0)
}
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}
const count = whole(values.count, 'count', 1, Number.MAX_SAFE_INTEGER)
const seed = whole(values.seed, 'seed', 1, Number.MAX_SAFE_INTEGER)

setFlagsFromString('--expose-gc')
globalThis.gc ??= runInNewContext('gc') as NodeJS.GCFunction

const stray: string[] = []
process.on('unhandledRejection', reason => stray.push(`unhandled rejection: ${String(reason)}`))
process.on('uncaughtException', error => stray.push(`uncaught exception: ${error.stack ?? error.message}`))

const sockets = values.sockets || values.target?.some(name => !CODEC_TARGETS.some(one => one.name === name))
await using opened = sockets ? await openSocketTargets() : undefined
const results: TargetResult[] = []
for (const target of wanted([...CODEC_TARGETS, ...(opened?.targets ?? [])])) {
  const onProgress = (done: number) => progress(`${target.name}: ${done}`)
  const result = await runTarget(target, { count, seed, onProgress })
  progress('')
  for (const finding of result.findings) report(finding)
  results.push(result)
}
if (opened !== undefined) console.error(JSON.stringify(opened.figures()))
const faults = [...stray, ...(opened?.faults() ?? [])]
for (const fault of faults) console.error(fault)

process.stdout.write(formatResults(results))
for (const [difference, times] of [...differencesSeen()].sort()) console.log(`${difference}: ${times} times`)
if (values.json !== undefined) {
  const plain = results.map(result => ({
    ...result,
    findings: result.findings.map(({ problem }) => problem),
  }))
  const text = JSON.stringify({ node: process.version, seed, count, faults, results: plain }, undefined, 2)
  writeFileSync(values.json, `${text}\n`)
}
if (faults.length > 0 || results.some(({ findings }) => findings.length > 0)) process.exitCode = 1

function wanted(all: readonly FuzzTarget[]): readonly FuzzTarget[] {
  const chosen = values.target ?? (values.sockets ? SOCKET_TARGETS : all.map(({ name }) => name))
  return chosen.map(name => all.find(one => one.name === name)!)
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function report({ target, number, input, problem }: Finding): void {
  const folder = new URL('./findings/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const name = `${target}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`
  writeFileSync(new URL(name, folder), input)
  console.error(`${target}, input ${number} (test/fuzz/findings/${name}): ${problem}`)
}
