import { statfs } from 'node:fs/promises'
import type { AuditObserver } from '../audit/auditObserver.ts'
import type { Registry } from './registry.ts'

const KINDS = ['intent', 'issued', 'failed'] as const

/**
 * What the audit of a process tells. Its families exist only where something is recorded, so that nothing is
 * compared with records that nobody wanted.
 */
export function countAudit(registry: Registry): AuditObserver {
  const record = (kind: (typeof KINDS)[number], result: string) =>
    registry.counter('vouchd_audit_records_total', { kind, result })
  const ok = {
    intent: record('intent', 'ok'),
    issued: record('issued', 'ok'),
    failed: record('failed', 'ok'),
  }
  const lost = {
    intent: record('intent', 'failed'),
    issued: record('issued', 'failed'),
    failed: record('failed', 'failed'),
  }
  const clockBehind = record('intent', 'clock_behind')
  const commit = registry.histogram('vouchd_audit_commit_duration_seconds')
  const batch = registry.histogram('vouchd_audit_batch_records')
  return {
    recorded: (kind, wasWritten) => (wasWritten ? ok : lost)[kind].inc(),
    committed(records, _bytes, milliseconds) {
      batch.observe(records)
      commit.observe(milliseconds / 1000)
    },
    failing() {},
    clockBehind: () => clockBehind.inc(),
    working() {},
    uncleanEnd() {},
    removed() {},
    notRemoved() {},
    ...countHeads(registry),
  }
}

/** Of the process that signs the heads: when it last found every log whole; 0 when it found damage. */
function countHeads(registry: Registry): Pick<AuditObserver, 'signed' | 'damaged' | 'notSigned'> {
  const verified = () => registry.gauge('vouchd_audit_last_verified_timestamp_seconds')
  return {
    signed: time => verified().set(time),
    damaged: () => verified().set(0),
    // Where it never succeeded, it was last found whole never.
    notSigned: () => void verified(),
  }
}

/**
 * Measures the volume that a folder is on, and gives how to stop. It is asked at each scrape, and known at the next:
 * a volume that hangs must not hang the scrape.
 */
export function measureFreeSpace(registry: Registry, folder: string): () => void {
  const free = registry.gauge('vouchd_audit_volume_free_bytes')
  free.set(Number.NaN)
  let asking = false
  const ask = () => {
    if (asking) return
    asking = true
    statfs(folder)
      .then(
        ({ bavail, bsize }) => free.set(bavail * bsize),
        () => free.set(Number.NaN),
      )
      .finally(() => {
        asking = false
      })
  }
  ask()
  return registry.onCollect(ask)
}
