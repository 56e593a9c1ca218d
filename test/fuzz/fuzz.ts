import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { differencesSeen } from './differences.ts'
import { formatResults } from './formatResults.ts'
import { type Finding, runTarget, type TargetResult } from './runTarget.ts'
import type { FuzzTarget } from './target.ts'
import { CODEC_TARGETS } from './targets/index.ts'
import { openSocketTargets } from './targets/socketTargets.ts'

// npm run fuzz -- [--target NAME]... [--count N] [--seed S] [--sockets] [--json FILE]
//
// Runs the targets one after another: each `count` inputs (fewer of costly ones), the same ones for the same seed.
// What is found lies in test/fuzz/findings afterwards. Exit code 1 when anything is.

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    sockets: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

setFlagsFromString('--expose-gc')
globalThis.gc ??= runInNewContext('gc') as NodeJS.GCFunction

const [count, seed] = [positive('count', values.count), positive('seed', values.seed)]
const stray: string[] = []
process.on('unhandledRejection', reason => stray.push(`unhandled rejection: ${String(reason)}`))
process.on('uncaughtException', error => stray.push(`uncaught exception: ${error.stack ?? error.message}`))

const sockets = values.sockets || values.target?.some(name => name.startsWith('socket'))
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
  const names = values.target ?? (values.sockets ? opened!.targets : all).map(({ name }) => name)
  return names.map(name => {
    const target = all.find(one => one.name === name)
    if (target !== undefined) return target
    throw new Error(
      `no target ${name}; there are ${all.map(one => one.name).join(', ')} and with --sockets others`,
    )
  })
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} wants a positive number, not ${text}`)
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
