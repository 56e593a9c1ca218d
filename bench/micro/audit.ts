// What recording costs: records a second and how long an intent waits, one by one and with many at once; processor time
// an AC; and how long verification takes. Run: node bench/micro/audit.ts [--json] [--count N] [--records N] [--folder DIR]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { unnoticed } from '../../src/audit/auditObserver.ts'
import { createAuditLog } from '../../src/audit/createAuditLog.ts'
import { createHeadSigner } from '../../src/audit/createHeadSigner.ts'
import { publicKeyPath, readPublicKeys } from '../../src/audit/headKey.ts'
import { segmentStorage } from '../../src/audit/segmentStorage.ts'
import { verifyAudit } from '../../src/audit/verifyAudit.ts'
import { systemClock } from '../../src/clock.ts'
import { intentOf } from '../../test/audit/auditFolder.ts'
import { quantile } from '../load/statistics.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    count: { type: 'string', default: '20000' },
    records: { type: 'string', default: '1000000' },
    folder: { type: 'string', default: tmpdir() },
  },
})
if (values.help) {
  console.log(`node bench/micro/audit.ts [options]
  --count N     ACs recorded for each number at once (20000; one by one a tenth)
  --records N   records that are verified at the end (1000000; 0: none)
  --folder DIR  on the disk to measure (${tmpdir()})
  --json        one JSON document instead of tables`)
  process.exit(0)
}

const base = mkdtempSync(join(values.folder, 'vouchd-audit-bench-'))
const folder = join(base, 'audit')
const headKey = join(base, 'heads.key')
const deps = {
  clock: systemClock,
  monotonic: () => performance.now(),
  storage: segmentStorage,
  observer: unnoticed,
  after(milliseconds: number, run: () => void) {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
}
const options = {
  folder,
  headKey,
  worker: 0,
  onFull: 'refuse',
  retentionDays: 0,
  maxSegmentBytes: 67_108_864,
} as const
const log = await createAuditLog(options, deps)

let serial = 0
/** One AC: its intent durable, its result written with what comes next. Gives how long the intent took, in ms. */
async function record(): Promise<number> {
  const intent = intentOf(serial++)
  const started = performance.now()
  await log.intent(intent)
  const waited = performance.now() - started
  log.result({ id: intent.id, serial: intent.serial, ac: 'cd'.repeat(32) })
  return waited
}

async function measure(atOnce: number, count: number): Promise<Record<string, number>> {
  const waits: number[] = []
  let left = count
  const cpu = process.cpuUsage()
  const started = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) waits.push(await record())
    }),
  )
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    'at once': atOnce,
    'ACs/s': Math.round(count / seconds),
    'p50 ms': round(quantile(waits, 0.5)),
    'p99 ms': round(quantile(waits, 0.99)),
    'CPU µs an AC': round((user + system) / count),
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

const commit: Record<string, number>[] = []
for (const atOnce of [1, 4, 16, 64, 256]) {
  const count = Math.ceil(Number(values.count) / (atOnce === 1 ? 10 : 1))
  await measure(atOnce, Math.ceil(count / 10))
  commit.push(await measure(atOnce, count))
}
while (serial * 2 < Number(values.records)) {
  await Promise.all(Array.from({ length: 1000 }, record))
}
await log.close()
const signer = await createHeadSigner({ ...options, intervalSeconds: 60 }, { ...deps, heads: () => [] })
await signer.close()

const cpu = process.cpuUsage()
const started = performance.now()
const report = await verifyAudit({ folder, keys: readPublicKeys([publicKeyPath(headKey)]) }, systemClock)
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
rmSync(base, { recursive: true })
// The proof: an intent and a result for every AC, in a chain that holds.
if (report.faults.length > 0 || report.records < serial * 2) {
  throw new Error(`the record is wrong: ${JSON.stringify(report)}`)
}
const verification = {
  records: report.records,
  seconds: round(seconds),
  'CPU s': round((user + system) / 1e6),
  'records/s': Math.round(report.records / seconds),
}
if (values.json) console.log(JSON.stringify({ node: process.version, commit, verification }))
else {
  console.table(commit)
  console.table([verification])
}
