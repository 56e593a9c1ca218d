// Every step of the path of a request by itself, from the micro-benchmarks of this folder, each of which proves its
// answers before it times anything. Run: node bench/micro/hotpath.ts [options]
import { readOptions, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { runBenchmark } from '../runBenchmark.ts'
import type { StepTime } from './timeSteps.ts'

const values = readOptions('node bench/micro/hotpath.ts [options]', {
  rounds: { value: '15', about: 'interleaved rounds of every step' },
  scale: { value: '100', about: 'per cent of the usual number of times a round' },
  revoked: { value: '200000', about: 'entries of the CRL' },
})
const rounds = String(whole(values.rounds, 'rounds', 1, 1000))
const scale = whole(values.scale, 'scale', 1, 1000)
whole(values.revoked, 'revoked', 1, 1_000_000)
const times = (usual: number) => ['--rounds', rounds, '--count', String(Math.ceil((usual * scale) / 100))]

const rows: StepTime[] = []
for (const [script, args] of [
  ['micro/encodeTbs.ts', times(2000)],
  ['micro/authenticate.ts', [...times(200), '--revoked', values.revoked]],
  ['micro/resolve.ts', times(200)],
] as const) {
  const result = await runBenchmark(script, args)
  rows.push(...(result['rows'] as StepTime[]))
}
const { handOver } = await runBenchmark('micro/sign.ts', [
  ...times(200),
  '--ways',
  'shipped',
  '--work',
  '300',
])
rows.push(...(handOver as StepTime[]))
printResult({ benchmark: 'hotpath', setting: { rounds, scale }, node: process.version, rows }, values.json)
