import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Snapshot } from '../../src/observe/snapshot.ts'
import { createSupervisorMetrics } from '../../src/observe/supervisorMetrics.ts'
import { watchProcess } from '../../src/observe/watchProcess.ts'
import { askRest, ca, type Daemon, startDaemon, userNamed } from '../e2e/daemon.ts'
import { createCrl } from '../pki/createCrl.ts'
import { writeCrl } from '../pki/trustDirectory.ts'
import { type AlertCase, renderExpectation } from './alertCases.ts'
import { promtool, promtoolSuite } from './promtool.ts'

const RULES = join(import.meta.dirname, '../../config/alerts.yml')
const MEMBER = userNamed('test0')

/** What a daemon exported before a fault and in it, and when each was, by the daemon's clock. */
interface Run {
  readonly before: Snapshot
  readonly beforeAt: number
  readonly after: Snapshot
  readonly afterAt: number
}

/**
 * What was scraped before the fault stands for `quiet` minutes, what was scraped in it for the `faulty` ones after
 * them. What a counter gained in between it gains again in each of these minutes; times move with the clock of the
 * test, but for those that the fault held up.
 */
function renderRun(name: string, run: Run, quiet: number, faulty: number, fires: AlertCase['fires']): string {
  const lines = [`rule_files: [${RULES}]`, 'evaluation_interval: 1m', 'tests:', `  - name: ${name}`]
  lines.push('    interval: 1m', '    input_series:')
  const before = samples(run.before)
  for (const [series, { value, type }] of samples(run.after)) {
    const was = before.get(series)?.value ?? value
    lines.push(`      - { series: '${series}', values: '${valuesOf(series, type, was, value)}' }`)
  }
  lines.push(...renderExpectation(quiet + faulty, fires))
  return `${lines.join('\n')}\n`

  function valuesOf(series: string, type: string, was: number, is: number): string {
    if (type !== 'gauge') return `${was}+0x${quiet - 1} ${was}+${is - was}x${faulty + 1}`
    if (!series.includes('_timestamp_seconds')) return `${was}+0x${quiet - 1} ${is}+0x${faulty + 1}`
    const time = (scraped: number, at: number, minute: number) => {
      // From the moment of the scrape on; one that was of just then moves on with the clock.
      const ago = at - scraped
      return ago >= 0 && ago < FRESH_SECONDS ? `${minute * 60 - ago}+60` : `${quiet * 60 - ago}+0`
    }
    return `${time(was, run.beforeAt, 0)}x${quiet - 1} ${time(is, run.afterAt, quiet)}x${faulty + 1}`
  }
}

/** What is older in a scrape has been held up by the fault. */
const FRESH_SECONDS = 30

function samples(snapshot: Snapshot): Map<string, { value: number; type: string }> {
  const all = new Map<string, { value: number; type: string }>()
  for (const { name, type, values } of snapshot) {
    for (const { metricName, labels, value } of values) {
      const text = Object.entries({ job: 'vouchd', instance: 'a', ...labels }).map(
        ([label, one]) => `${label}="${one}"`,
      )
      all.set(`${metricName ?? name}{${text.join(', ')}}`, { value, type })
    }
  }
  return all
}

promtoolSuite('alerts over what a daemon exported in a real fault', () => {
  let daemon: Daemon
  let stopWatching: () => void
  let folder: string
  /** Seconds that the wall clock jumped by. */
  let jumped = 0
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vouchd-alerts-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function start(change: Record<string, unknown> = {}): Promise<void> {
    jumped = 0
    daemon = await startDaemon(change)
    createSupervisorMetrics(daemon.metrics.registry, { version: '1', revision: 'r' })
    for (const subject of ['config', 'files']) {
      daemon.metrics.registry.gauge('vouchd_last_reload_successful', { subject }).set(1)
    }
    stopWatching = watchProcess(daemon.metrics, {
      clock: { now: () => Math.floor(performance.now() / 1000) + jumped },
      monotonic: () => performance.now(),
    })
    for (let count = 0; count < 3; count++) await askRest(daemon.port(), [MEMBER])
    // The free space of the audit's volume is known from the second scrape on.
    daemon.metrics.snapshot()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  async function end(): Promise<void> {
    stopWatching()
    await daemon.stop()
  }
  const scrape = () => ({ snapshot: daemon.metrics.snapshot(), at: daemon.clock.now })

  async function expectAlerts(
    name: string,
    cause: () => Promise<unknown>,
    minutes: number,
    fires: AlertCase['fires'],
  ): Promise<void> {
    const before = scrape()
    await cause()
    daemon.clock.now += 60
    // The directory asks for changes each second: by then it has, if it can.
    await new Promise(resolve => setTimeout(resolve, 1_500))
    const after = scrape()
    const run = { before: before.snapshot, beforeAt: before.at, after: after.snapshot, afterAt: after.at }
    const file = join(folder, 'run.test.yml')
    writeFileSync(file, renderRun(name, run, 10, minutes, fires))
    const { ok, text } = promtool(['test', 'rules', file])
    expect(ok, text).toBe(true)
  }
  const askSome = async () => {
    for (let count = 0; count < 3; count++) await askRest(daemon.port(), [MEMBER])
  }

  it('none while all is well', { timeout: 120_000 }, async () => {
    await start()
    try {
      await expectAlerts('well', askSome, 120, [])
    } finally {
      await end()
    }
  })

  it('VomsClockStepped when the clock jumps', { timeout: 120_000 }, async () => {
    await start()
    try {
      const jump = async () => {
        jumped = 3600
        daemon.clock.now += jumped
        await new Promise(resolve => setTimeout(resolve, 300))
        await askSome()
      }
      await expectAlerts('clock', jump, 10, [['VomsClockStepped', 'ticket']])
    } finally {
      await end()
    }
  })

  it('VomsCrlBroken when a revocation list has expired', { timeout: 120_000 }, async () => {
    await start()
    try {
      const expire = async () => {
        const { now } = daemon.clock
        const crl = createCrl(ca, { thisUpdate: now - 7200, nextUpdate: now - 3600 })
        writeCrl(join(daemon.folder, 'certificates'), ca, crl.pem)
        await daemon.server.reloadTrust()
      }
      await expectAlerts('crl', expire, 40, [['VomsCrlBroken', 'page']])
    } finally {
      await end()
    }
  })

  it('VomsReloadFailed when the trust directory is gone', { timeout: 120_000 }, async () => {
    await start()
    try {
      const vandalise = async () => {
        renameSync(join(daemon.folder, 'certificates'), join(daemon.folder, 'elsewhere'))
        await daemon.server.reloadTrust()
        await askSome()
      }
      await expectAlerts('trust', vandalise, 10, [['VomsReloadFailed', 'ticket']])
    } finally {
      await end()
    }
  })

  it('VomsMembershipStale when the database is away', { timeout: 120_000 }, async () => {
    await start()
    const pid = Number(readFileSync(join(daemon.folder, 'database/owner.pid'), 'utf8'))
    try {
      const lose = async () => {
        process.kill(pid, 'SIGSTOP')
        await new Promise(resolve => setTimeout(resolve, 3_000))
      }
      await expectAlerts('database', lose, 10, [['VomsMembershipStale', 'page']])
    } finally {
      process.kill(pid, 'SIGCONT')
      await end()
    }
  })

  it('VomsErrorBudget* too when requests fail for it', { timeout: 120_000 }, async () => {
    await start()
    const pid = Number(readFileSync(join(daemon.folder, 'database/owner.pid'), 'utf8'))
    try {
      const lose = async () => {
        process.kill(pid, 'SIGSTOP')
        await new Promise(resolve => setTimeout(resolve, 3_000))
        for (let count = 0; count < 3; count++) await askRest(daemon.port(), [userNamed('test1')])
      }
      await expectAlerts('requests', lose, 10, [
        ['VomsErrorBudgetFastBurn', 'page'],
        ['VomsErrorBudgetSlowBurn', 'page'],
        ['VomsMembershipStale', 'page'],
      ])
    } finally {
      process.kill(pid, 'SIGCONT')
      await end()
    }
  })
})
