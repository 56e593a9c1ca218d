import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DER_OID_CERTSEQ } from '../../native-free/ac/oids.ts'
import type { Snapshot } from '../../src/observe/snapshot.ts'
import { createSupervisorMetrics } from '../../src/observe/supervisorMetrics.ts'
import { watchProcess } from '../../src/observe/watchProcess.ts'
import { issueHost } from '../cli/siteFolder.ts'
import { askRest, ca, type Daemon, LONG, startDaemon, userNamed } from '../e2e/daemon.ts'
import { openSmallDisk } from '../fakes/smallDisk.ts'
import { OBSERVED, openScraper, type Samples } from '../faults/scraper.ts'
import { createCrl } from '../pki/createCrl.ts'
import { storedRsaKey } from '../pki/keys.ts'
import { writeCrl } from '../pki/trustDirectory.ts'
import {
  type DaemonProcess,
  MAIN,
  makeSiteFolder,
  PATIENT,
  type SiteFolder,
  startDaemonProcess,
  until,
  WORKERS,
} from '../supervise/daemonProcess.ts'
import { renderExpectation } from './alertCases.ts'
import { ALERT_RUNS, type AlertRunName, renderAlertRuns } from './alertRuns.ts'
import { promtool, promtoolSuite } from './promtool.ts'

const ROOT = join(import.meta.dirname, '../..')
const RULES = join(ROOT, 'config/alerts.yml')
const RULES_TEXT = readFileSync(RULES, 'utf8')
const MEMBER = userNamed('test0')
const QUIET_MINUTES = 10

/** A fault of the machine: one bit of what the lint looks for in an AC, which was made before it changed. */
function flipBit(): void {
  DER_OID_CERTSEQ[DER_OID_CERTSEQ.length - 1]! ^= 1
}

/** What a daemon exported, and when, by its clock. */
interface Scrape {
  readonly samples: Samples
  readonly at: number
}

/**
 * What was scraped before the fault stands for ten minutes, what was scraped in it for those after them. What a counter
 * gained in between it gains again in each of these minutes; times move with the clock of the test, but for those that
 * the fault held up. Memory that was gained is gained again each hour.
 */
function renderRun(name: AlertRunName, before: Scrape, after: Scrape): string {
  const { minutes, fires } = ALERT_RUNS[name]
  const lines = [`rule_files: [${RULES}]`, 'evaluation_interval: 1m', 'tests:', `  - name: ${name}`]
  lines.push('    interval: 1m', '    input_series:')
  for (const series of new Set([...before.samples.keys(), ...after.samples.keys()])) {
    const was = before.samples.get(series)
    if (!isAskedFor(series) || Number.isNaN(was)) continue
    lines.push(`      - { series: '${labelled(series)}', values: '${valuesOf(series, was)}' }`)
  }
  lines.push(...renderExpectation(QUIET_MINUTES + minutes, fires))
  return `${lines.join('\n')}\n`

  function valuesOf(series: string, was: number | undefined): string {
    const is = after.samples.get(series)
    const [quiet, faulty] = [QUIET_MINUTES - 1, minutes + 1]
    // A series that comes with the fault is no counter that grew: Prometheus sees no increase in its first value.
    if (was === undefined) return `_x${quiet} ${is}+0x${faulty}`
    if (is === undefined) return `${was}+0x${quiet} stale`
    if (isOfTheMachine(series, name)) return `${was}+0x${quiet + faulty}`
    if (isCounter(series)) return `${was}+0x${quiet} ${was}+${is - was}x${faulty}`
    if (series.includes('_resident_memory_') && name === 'leak') {
      return `${was}+0x${quiet} ${was}+${Math.max(0, Math.round((is - was) / 60))}x${faulty}`
    }
    if (!series.includes('_timestamp_seconds')) return `${was}+0x${quiet} ${is}+0x${faulty}`
    const time = (scraped: number, at: number, minute: number) => {
      // From the moment of the scrape on; one that was of just then moves on with the clock.
      const ago = at - scraped
      return ago >= 0 && ago < freshSeconds(series)
        ? `${minute * 60 - ago}+60`
        : `${QUIET_MINUTES * 60 - ago}+0`
    }
    return `${time(was, before.at, 0)}x${quiet} ${time(is, after.at, QUIET_MINUTES)}x${faulty}`
  }
}

/**
 * What is older in a scrape has been held up by the fault. The audit's heads are signed each minute of the machine's
 * clock, which the daemon's runs ahead of here.
 */
const freshSeconds = (series: string) => (series.includes('_audit_') ? 7200 : 30)

/** How long things take is the doing of a machine that is busy, but where the run is about that. */
function isOfTheMachine(series: string, name: AlertRunName): boolean {
  if (series.startsWith('vouchd_event_loop_delay_')) return name !== 'blocked'
  return series.startsWith('vouchd_request_duration_') && name !== 'slow'
}

const isCounter = (series: string) => /_(total|bucket|sum|count)(\{|$)/.test(series)

/** Of a family that no rule names promtool need not hear. */
function isAskedFor(series: string): boolean {
  return RULES_TEXT.includes(series.replace(/\{.*/s, ''))
}

function labelled(series: string): string {
  const [name, labels = ''] = series.split(/\{|\}$/)
  return `${name}{job="vouchd", instance="a"${labels === '' ? '' : `, ${labels}`}}`
}

function samplesOf(snapshot: Snapshot): Samples {
  const all = new Map<string, number>()
  for (const { name, values } of snapshot) {
    for (const { metricName, labels, value } of values) {
      const text = Object.entries(labels).map(([label, one]) => `${label}="${one}"`)
      all.set(`${metricName ?? name}{${text.join(',')}}`, value)
    }
  }
  return all
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchd-alerts-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function expectAlerts(name: AlertRunName, before: Scrape, after: Scrape): void {
  const file = join(folder, `${name}.test.yml`)
  writeFileSync(file, renderRun(name, before, after))
  const { ok, text } = promtool(['test', 'rules', file])
  expect(ok, text).toBe(true)
}

describe('every alert', () => {
  const alerts = [...new Set([...RULES_TEXT.matchAll(/- alert: (\w+)/g)].map(match => match[1]!))]
  const runs = Object.values(ALERT_RUNS)

  it.each(alerts)('%s has a fault that was brought about for it', alert => {
    expect(runs.some(({ fires }) => fires.some(([name]) => name === alert))).toBe(true)
  })

  it.each(Object.keys(ALERT_RUNS))('%s is brought about below', name => {
    const source = readFileSync(import.meta.filename, 'utf8')
    expect(source).toMatch(new RegExp(`(bringAbout|withoutDatabase|expectAlerts)\\('${name}'`))
  })

  it('stands in the table of docs/operations.md with it', () => {
    const path = join(ROOT, 'docs/operations.md')
    const text = readFileSync(path, 'utf8')
    const [, before, , after] =
      /^(.*### How each was brought about\n\n)(.*?)(\n### VomsErrorBudgetFastBurn.*)$/s.exec(text)!
    const wanted = before + renderAlertRuns(alerts) + after
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, wanted)
    else expect(text).toBe(wanted)
  })
})

/** Runs that need a disk which can be filled. */
const disk = openSmallDisk()
afterAll(() => disk?.remove())

promtoolSuite('alerts over what a daemon in this process exported in a real fault', () => {
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
  let daemon: Daemon
  let stopWatching: () => void
  /** Seconds that the wall clock jumped by. */
  let jumped = 0
  const audit = () => join(disk?.folder ?? folder, 'audit')
  const damaged = () => join(disk?.folder ?? folder, 'damaged')

  async function start(change: Record<string, unknown>): Promise<void> {
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
    await askSome()
  }
  async function end(): Promise<void> {
    stopWatching()
    await daemon.stop()
  }
  async function scrape(): Promise<Scrape> {
    // The free space of the audit's volume is known from the second scrape on.
    daemon.metrics.snapshot()
    await sleep(50)
    return { samples: samplesOf(daemon.metrics.snapshot()), at: daemon.clock.now }
  }
  const ask = (name: string) => askRest(daemon.port(), [userNamed(name)])
  async function askSome(name = 'test0'): Promise<number[]> {
    const user = name === 'test0' ? MEMBER : userNamed(name)
    const statuses: number[] = []
    for (let count = 0; count < 3; count++) statuses.push((await askRest(daemon.port(), [user])).status)
    return statuses
  }
  /** The directory asks for changes each second: by then it has, if it can. */
  const polled = () => sleep(1_500)

  async function bringAbout(name: AlertRunName, fault: () => Promise<unknown>): Promise<void> {
    const before = await scrape()
    await fault()
    daemon.clock.now += 60
    await polled()
    expectAlerts(name, before, await scrape())
  }
  const ownerPid = () => Number(readFileSync(join(daemon.folder, 'database/owner.pid'), 'utf8'))
  async function withoutDatabase(name: AlertRunName, fault: () => Promise<unknown>): Promise<void> {
    const pid = ownerPid()
    try {
      await bringAbout(name, async () => {
        process.kill(pid, 'SIGSTOP')
        await sleep(3_000)
        await fault()
      })
    } finally {
      process.kill(pid, 'SIGCONT')
      await until(async () => (await askRest(daemon.port(), [userNamed('stranger')])).status === 403)
      await polled()
    }
  }

  describe('that refuses what it cannot record', () => {
    beforeAll(async () => {
      await start({ audit: { folder: audit() } })
      // For the other daemon, a log of a process that is gone, in which an octet is another than was written.
      mkdirSync(join(damaged(), 'w7'), { recursive: true, mode: 0o700 })
      for (const segment of readdirSync(join(audit(), 'w0')).filter(file => file.endsWith('.seg'))) {
        const octets = readFileSync(join(audit(), 'w0', segment))
        octets[octets.indexOf('"serial":"') + 10]! ^= 1
        writeFileSync(join(damaged(), 'w7', segment), octets, { mode: 0o600 })
      }
    })
    afterAll(end)

    it('none while all is well', () => bringAbout('well', askSome))

    it('when the clock jumps', () =>
      bringAbout('clock', async () => {
        jumped = 3600
        daemon.clock.now += jumped
        await sleep(300)
        await askSome()
      }))

    it('when the clock is set back behind the audit', async () => {
      try {
        await bringAbout('clockBehind', async () => {
          jumped -= 600
          daemon.clock.now -= 600
          await sleep(300)
          expect(await askSome()).toEqual([503, 503, 503])
        })
      } finally {
        daemon.clock.now += 600
      }
    })

    it('when a revocation list is about to expire, and when it has', async () => {
      const install = async (nextUpdate: number) => {
        const crl = createCrl(ca, { thisUpdate: daemon.clock.now - 7200, nextUpdate })
        writeCrl(join(daemon.folder, 'certificates'), ca, crl.pem)
        await daemon.server.reloadTrust()
      }
      await install(daemon.clock.now + 10 * 86_400)
      await bringAbout('crlExpiring', () => install(daemon.clock.now + 12 * 3600))
      await bringAbout('crlBroken', () => install(daemon.clock.now - 3600))
      await install(daemon.clock.now + 10 * 86_400)
    })

    it('when the database is away', () => withoutDatabase('database', () => askSome()))

    it('when requests fail for it', () => withoutDatabase('requests', () => askSome('test1')))

    it('when the database is slow', async () => {
      const pid = ownerPid()
      for (let attempt = 0; ; attempt++) {
        const before = await scrape()
        process.kill(pid, 'SIGSTOP')
        const asked = Promise.all([1, 2, 3].map(n => ask(`slow ${attempt} ${n}`)))
        await sleep(1_200)
        process.kill(pid, 'SIGCONT')
        const statuses = (await asked).map(({ status }) => status)
        daemon.clock.now += 60
        await polled()
        // On a machine that has other things to do requests may fail for it, which is another fault.
        if (statuses.includes(503) && attempt < 20) continue
        return expectAlerts('slow', before, await scrape())
      }
    })

    it('when something blocks the process', () =>
      bringAbout('blocked', async () => {
        for (let count = 0; count < 3; count++) {
          for (const end = performance.now() + 600; performance.now() < end; );
          await sleep(10)
        }
      }))

    it('when memory leaks', async () => {
      const leaked: Buffer[] = []
      await bringAbout('leak', async () => {
        leaked.push(Buffer.alloc(128 * 1024 * 1024, 1))
      })
      expect(leaked).toHaveLength(1)
    })

    it('when an AC breaks a rule', async () => {
      flipBit()
      try {
        await bringAbout('lint', async () => expect(await askSome()).toEqual([500, 500, 500]))
      } finally {
        flipBit()
      }
    })

    it.skipIf(disk === undefined)('when the audit volume fills, and when it is full', async () => {
      const part = join(disk!.folder, 'part')
      await bringAbout('filling', async () => writeFileSync(part, Buffer.alloc(300_000)))
      await bringAbout('full', async () => {
        disk!.fill()
        await until(async () => (await askSome()).every(status => status === 503))
      })
      disk!.free()
      rmSync(part)
      await until(async () => (await askSome()).every(status => status === 200))
    })

    it('when the trust directory is gone', () =>
      bringAbout('trust', async () => {
        renameSync(join(daemon.folder, 'certificates'), join(daemon.folder, 'elsewhere'))
        await daemon.server.reloadTrust()
        await askSome()
      }))
  })

  describe('that issues what it cannot record, with narrow limits', () => {
    beforeAll(() =>
      start({
        audit: { folder: damaged(), onFull: 'alarm' },
        limits: { addressConnectionsPerMinute: 40 },
      }),
    )
    afterAll(end)

    it('when a record on disk is not the one that was written', () => bringAbout('damaged', askSome))

    it.skipIf(disk === undefined)('when ACs are issued without a record', async () => {
      await bringAbout('unrecorded', async () => {
        disk!.fill()
        // The last block of the file takes a few records yet.
        await until(async () => {
          await askSome()
          return daemon.log.some(({ msg }) => msg === 'audit: records cannot be written')
        })
        expect(await askSome()).toEqual([200, 200, 200])
      })
      disk!.free()
    })

    it('when more comes than the limits let in', () =>
      bringAbout('shed', async () => {
        const refused = await Promise.allSettled(
          Array.from({ length: 60 }, () => askRest(daemon.port(), [MEMBER])),
        )
        expect(refused.some(({ status }) => status === 'rejected')).toBe(true)
      }))
  })
})

promtoolSuite('alerts over what a daemon of several processes exported in a real fault', () => {
  let site: SiteFolder
  let daemon: DaemonProcess
  let scrapeText: () => Promise<Samples>
  beforeAll(async () => {
    site = makeSiteFolder(undefined, {
      tables: { ...OBSERVED, limits: `${PATIENT.limits}\naddressConnections = 0` },
    })
    const command = ['prlimit', `--nofile=${FDS}:${FDS}`, process.execPath, MAIN]
    daemon = await startDaemonProcess(site, { command })
    scrapeText = await openScraper(daemon)
    for (let count = 0; count < 6; count++) await askRest(await daemon.port(), [MEMBER])
  }, 120_000)
  afterAll(async () => {
    await daemon?.stop()
    site?.remove()
  })
  // What a process gets where nobody raised it. Of much fewer the daemon keeps too great a part back to come near.
  const FDS = 1024

  const scrape = async (): Promise<Scrape> => ({
    samples: await scrapeText().catch(() => new Map<string, number>()),
    at: Math.floor(Date.now() / 1000),
  })
  async function bringAbout(name: AlertRunName, fault: () => Promise<unknown>): Promise<void> {
    const before = await scrape()
    await fault()
    expectAlerts(name, before, await scrape())
  }
  const allServing = () =>
    until(async () => {
      const { ready, workers } = await daemon.status()
      const serve = ready && workers.every(({ state }) => state === 'serving')
      return serve ? workers : undefined
    })

  it('none while all is well', async () => {
    await bringAbout('wellOfSeveral', async () => askRest(await daemon.port(), [MEMBER]))
  })

  it('when a worker does not hear of changes', async () => {
    const [, victim] = await allServing()
    const version = async () => (await scrapeText()).get('vouchd_membership_version{worker="0"}')
    const db = await site.database()
    const was = await version()
    await bringAbout('deaf', async () => {
      process.kill(victim!.pid!, 'SIGSTOP')
      await db.query(`update vouchd.member set phone = '1' where source_id = '1'`)
      await until(async () => (await version()) !== was)
    })
    process.kill(victim!.pid!, 'SIGCONT')
    await db.close()
  })

  it('when a worker dies again and again', async () => {
    await bringAbout('dying', async () => {
      const [victim] = await allServing()
      const from = daemon.log.length
      process.kill(victim!.pid!, 'SIGKILL')
      await daemon.line('a worker ended and is replaced', from)
      await until(async () => (await daemon.status()).workers.every(({ pid }) => pid !== victim!.pid))
      await allServing()
    })
  })

  it('when a certificate is about to expire', async () => {
    const renew = (days: number) => async () => {
      const until = new Date(Date.now() + days * 86_400_000).toISOString()
      const from = daemon.log.length
      site.writeHost(
        issueHost(ca, storedRsaKey(2048), { subject: '/C=IT/O=Test/CN=voms.example.org', ...LONG, until }),
      )
      await daemon.line('reloaded', from)
    }
    await bringAbout('expiring', renew(10))
    await bringAbout('expiringSoon', renew(2))
    await renew(300)()
  })

  it('when clients take the file descriptors', async () => {
    site.configure(WORKERS.replace('workers = 2', 'workers = 1'))
    expect((await daemon.reload()).ok).toBe(true)
    const port = await daemon.port()
    await until(async () => (await daemon.status()).workers.length === 1)
    const sockets: Socket[] = []
    await bringAbout('descriptors', async () => {
      // Not all at once: those beyond what a process can serve are turned away.
      await until(async () => {
        for (let count = 0; count < 60; count++)
          sockets.push(connect(port, '127.0.0.1').on('error', () => {}))
        await sleep(100)
        return (await scrapeText()).get('process_open_fds{worker="0"}')! > FDS * 0.8
      })
    })
    for (const socket of sockets) socket.destroy()
  })

  it('when it is gone', () => bringAbout('gone', () => daemon.stop()))
})
