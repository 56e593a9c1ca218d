import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditObserver, noticeAudit } from '../../src/audit/auditObserver.ts'
import { type AuditLog, type AuditLogOptions, createAuditLog } from '../../src/audit/createAuditLog.ts'
import { createHeadSigner, type HeadSigner } from '../../src/audit/createHeadSigner.ts'
import { publicKeyPath, readPublicKeys } from '../../src/audit/headKey.ts'
import type { IntentRecord } from '../../src/audit/records.ts'
import { type SegmentStorage, segmentStorage } from '../../src/audit/segmentStorage.ts'
import { type AuditReport, verifyAudit } from '../../src/audit/verifyAudit.ts'
import { NOW } from '../fakes/grant.ts'

export interface AuditFolder {
  readonly folder: string
  readonly headKey: string
  /** With `stopped`, what is to be done later is never done. */
  readonly clock: { now: number; stopped: boolean }
  readonly notices: string[]
  readonly observer: AuditObserver
  open(options?: Partial<AuditLogOptions>, storage?: SegmentStorage): Promise<AuditLog>
  signer(logs?: readonly AuditLog[], retentionDays?: number): Promise<HeadSigner>
  /** Two hours later, so that nothing young excuses a missing signature. */
  verify(more?: { checkpoint?: string }): Promise<AuditReport>
  /** Every file of records, by its path in the folder. */
  /** How many ACs are about to be issued, for all a log knows; a time that stands still, for a test. */
  readonly load: { expected: number; milliseconds: number | undefined }
  files(): Map<string, Buffer>
  remove(): void
}

/** A folder for audit logs with a clock that a test turns. Writes are tried again after a tenth of the real time. */
export function auditFolder(): AuditFolder {
  const base = mkdtempSync(join(tmpdir(), 'vouchd-audit-'))
  const folder = join(base, 'audit')
  const headKey = join(base, 'heads.key')
  const clock = { now: NOW, stopped: false }
  const load: AuditFolder['load'] = { expected: 0, milliseconds: undefined }
  const notices: string[] = []
  const observer = noticeAudit({ notice: (level, what) => void notices.push(`${level}: ${what}`) })
  const deps = {
    clock: { now: () => clock.now },
    monotonic: () => load.milliseconds ?? performance.now(),
    expected: () => load.expected,
    observer,
    after(milliseconds: number, run: () => void) {
      const timer = setTimeout(() => clock.stopped || run(), milliseconds / 10)
      return () => clearTimeout(timer)
    },
  }
  return {
    folder,
    headKey,
    clock,
    load,
    notices,
    observer,
    open: (options, storage = segmentStorage) =>
      createAuditLog(
        {
          folder,
          worker: 0,
          onFull: 'refuse',
          maxSegmentBytes: 1_000_000,
          retentionDays: 0,
          headKey,
          ...options,
        },
        { ...deps, storage },
      ),
    signer: (logs = [], retentionDays = 0) =>
      createHeadSigner(
        { folder, headKey, intervalSeconds: 100_000, maxSegmentBytes: 1_000_000, retentionDays },
        { ...deps, storage: segmentStorage, heads: () => logs.map(log => log.head()) },
      ),
    verify: more =>
      verifyAudit(
        { folder, keys: readPublicKeys([publicKeyPath(headKey)]), ...more },
        { now: () => clock.now + 7200 },
      ),
    files() {
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      return new Map(
        names
          .filter(name => name.endsWith('.seg'))
          .sort()
          .map(name => [name, readFileSync(join(folder, name))]),
      )
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

/** An intent; the number makes serial, id and holder. */
export function intentOf(number: number, more: Partial<IntentRecord> = {}): IntentRecord {
  return {
    id: `r-${number}`,
    vo: 'vo.0',
    serial: number.toString(16).padStart(32, '0'),
    holder: `/C=IT/O=IGI/CN=user ${number}`,
    holderSerial: '1003',
    issuer: '/C=IT/O=IGI/CN=Test CA',
    fqans: ['/vo.0/Role=NULL/Capability=NULL', '/vo.0/G1/Role=R1/Capability=NULL'],
    notBefore: NOW,
    notAfter: NOW + 43_200,
    tbs: 'ab'.repeat(32),
    protocol: 'rest',
    address: '127.0.0.1',
    ...more,
  }
}

/** Records an intent and that an AC came of it. */
export async function issueOne(log: AuditLog, number: number, more?: Partial<IntentRecord>): Promise<void> {
  const intent = intentOf(number, more)
  await log.intent(intent)
  log.result({ id: intent.id, serial: intent.serial, ac: 'cd'.repeat(32) })
}
