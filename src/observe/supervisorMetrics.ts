import type { Counter, Gauge } from './cells.ts'
import { each, type LogCells, logCells, type ReloadCells, type Results, reloadCells } from './metrics.ts'
import type { Registry } from './registry.ts'

/**
 * crash: it ended while it served. abort: so, and V8 or Node.js ended it, most often since its heap was full. hang: it
 * was ended since it did not answer. start: it ended before it served. database: it was the owner of the embedded
 * database.
 */
export const RESTART_REASONS = ['crash', 'abort', 'hang', 'start', 'database'] as const
export type RestartReason = (typeof RESTART_REASONS)[number]
const WORKER_STATES = ['starting', 'serving', 'waiting'] as const
const ADMIN_ACTIONS = ['reload'] as const

/** What the supervisor counts, beside those that serve. */
export interface SupervisorMetrics {
  readonly registry: Registry
  readonly log: LogCells
  readonly reloads: Readonly<Record<'config' | 'files', ReloadCells>>
  readonly restarts: Readonly<Record<RestartReason, Counter>>
  readonly workers: Readonly<Record<(typeof WORKER_STATES)[number], Gauge>>
  readonly adminActions: Readonly<Record<(typeof ADMIN_ACTIONS)[number], Results>>
}

/** What is running, as build_info has it. */
export interface Build {
  readonly version: string
  readonly revision: string
}

export function createSupervisorMetrics(registry: Registry, build: Build): SupervisorMetrics {
  const { node, openssl } = process.versions
  const { version, revision } = build
  registry.gauge('vouchd_build_info', { version, revision, node, openssl: openssl ?? '' }).set(1)
  return {
    registry,
    log: logCells(registry),
    reloads: {
      config: reloadCells(registry, 'config'),
      files: reloadCells(registry, 'files'),
    },
    restarts: each(RESTART_REASONS, reason => registry.counter('vouchd_worker_restarts_total', { reason })),
    workers: each(WORKER_STATES, state => registry.gauge('vouchd_workers', { state })),
    adminActions: each(ADMIN_ACTIONS, action => ({
      ok: registry.counter('vouchd_admin_actions_total', { action, result: 'ok' }),
      failed: registry.counter('vouchd_admin_actions_total', { action, result: 'failed' }),
    })),
  }
}
