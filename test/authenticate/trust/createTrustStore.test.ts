import { appendFileSync, renameSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { after as systemAfter } from '../../../src/authenticate/trust/after.ts'
import {
  createTrustStore,
  type ReloadResult,
  type TrustStore,
} from '../../../src/authenticate/trust/createTrustStore.ts'
import { watchFolder } from '../../../src/authenticate/trust/watchFolder.ts'
import { createCa } from '../../pki/createCa.ts'
import { writeCrl } from '../../pki/trustDirectory.ts'
import { ca, crlOf, NOW, newHash, policy, type TrustFolder, user, usualFolder, YEAR } from './trustFolder.ts'

/** Timers that run when the test says so. */
class ManualTimers {
  readonly due: { milliseconds: number; run: () => void }[] = []
  readonly after = (milliseconds: number, run: () => void) => {
    const timer = { milliseconds, run }
    this.due.push(timer)
    return () => {
      const at = this.due.indexOf(timer)
      if (at >= 0) this.due.splice(at, 1)
    }
  }
  fire(milliseconds: number): void {
    const at = this.due.findIndex(timer => timer.milliseconds === milliseconds)
    this.due.splice(at, 1)[0]!.run()
  }
  get waiting(): number[] {
    return this.due.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
  }
}

/** A watch whose events the test makes. */
class ManualWatch {
  opened = 0
  open = 0
  fails = false
  change: () => void = () => undefined
  fail: (cause: Error) => void = () => undefined
  readonly watch = (_: string, onChange: () => void, onFailure: (cause: Error) => void) => {
    this.change = onChange
    this.fail = onFailure
    this.opened++
    this.open++
    if (this.fails) onFailure(new Error('no inotify here'))
    return { close: () => void this.open-- }
  }
}

let trust: TrustFolder
let timers: ManualTimers
let watcher: ManualWatch
let results: ReloadResult[]
let failures: Error[]
let store: TrustStore

function storeOf(
  overrides: Partial<Parameters<typeof createTrustStore>[1]> = {},
  debounceMs = 5000,
): TrustStore {
  return createTrustStore(
    { folder: trust.folder, pollSeconds: 600, debounceMs },
    {
      clock: { now: () => trust.now },
      after: timers.after,
      watch: watcher.watch,
      onReload: result => results.push(result),
      onWatchFailure: cause => failures.push(cause),
      ...overrides,
    },
  )
}

const untilReloads = (count: number) =>
  vi.waitUntil(() => results.length >= count, { timeout: 20_000, interval: 5 })

beforeEach(() => {
  trust = usualFolder()
  timers = new ManualTimers()
  watcher = new ManualWatch()
  results = []
  failures = []
  store = storeOf()
})
afterEach(async () => {
  await store.close()
  trust[Symbol.dispose]()
})

describe('a trust store', () => {
  it('holds no CA before it has loaded', () => {
    expect(store.current().cas).toEqual([])
    expect(store.current().generation).toBe(0)
  })

  it('loads at start and reports what there is', async () => {
    const result = await store.start()
    expect(result).toMatchObject({
      outcome: 'changed',
      generation: 1,
      findings: [],
      diff: {
        casAdded: [{ subject: '/C=IT/O=G/CN=CA' }],
        casRemoved: [],
        crlsAdvanced: [{ number: 7n }],
        crlsRemoved: [],
        crlsExpiring: [],
      },
      summary: {
        trustAnchors: 1,
        crls: { valid: 1, expired: 0 },
        earliestNextUpdate: NOW + 4 * 86_400,
        errors: 0,
      },
    })
    expect(results).toEqual([result])
    expect(store.current().cas).toHaveLength(1)
    expect(timers.waiting).toEqual([600_000])
  })

  it('starts empty from an empty directory, and fills when it fills', async () => {
    trust.removeAllOf(/./)
    expect(await store.start()).toMatchObject({ outcome: 'refused', findings: [{ code: 'no-ca' }] })
    expect(store.current().cas).toEqual([])
    trust.fill({ ca, signingPolicy: policy })
    expect(await store.reload()).toMatchObject({ outcome: 'changed', generation: 1 })
    expect(store.current().cas).toHaveLength(1)
  })

  it('swaps the snapshot as a whole, and says what differs', async () => {
    await store.start()
    const before = store.current()
    const other = createCa({ subject: '/CN=Other', ...YEAR })
    trust.fill({ ca: other, alias: 'other' })
    writeCrl(trust.folder, ca, crlOf({ number: 8, thisUpdate: NOW - 60, nextUpdate: NOW + 3600 }).pem)
    const { diff, summary } = await store.reload()
    expect(diff.casAdded).toMatchObject([{ subject: '/CN=Other' }])
    expect(diff.crlsAdvanced).toMatchObject([{ number: 8n, thisUpdate: NOW - 60 }])
    expect(diff.crlsExpiring).toMatchObject([{ number: 8n, nextUpdate: NOW + 3600 }])
    expect(summary).toMatchObject({ trustAnchors: 2, earliestNextUpdate: NOW + 3600 })
    expect(before.cas).toHaveLength(1)
    expect(store.current()).not.toBe(before)

    trust.removeAllOf(/\.r0$|^other\.pem$/)
    const { diff: back } = await store.reload()
    expect(back.casRemoved).toMatchObject([{ subject: '/CN=Other' }])
    expect(back.crlsRemoved).toMatchObject([{ number: 8n }])
  })

  it('says "unchanged" and keeps the snapshot when nothing changed', async () => {
    await store.start()
    const before = store.current()
    expect(await store.reload()).toMatchObject({
      outcome: 'unchanged',
      diff: { casAdded: [], crlsAdvanced: [] },
    })
    expect(store.current()).toBe(before)
  })

  it('keeps what it has when the directory goes away', async () => {
    await store.start()
    const before = store.current()
    renameSync(trust.folder, `${trust.folder}-away`)
    expect(await store.reload()).toMatchObject({
      outcome: 'refused',
      findings: [{ code: 'directory-unreadable' }],
    })
    expect(store.current()).toBe(before)
    renameSync(`${trust.folder}-away`, trust.folder)
  })

  it('loads once more, and only once, for reloads asked during a load', async () => {
    const first = store.reload()
    const [second, third] = [store.reload(), store.reload()]
    expect(second).toBe(third)
    await Promise.all([first, second, third])
    expect(results.map(({ outcome }) => outcome)).toEqual(['changed', 'unchanged'])
  })

  it('gathers the events of a burst into one reload, which further events do not put off', async () => {
    await store.start()
    for (let n = 0; n < 50; n++) watcher.change()
    expect(timers.waiting).toEqual([5000, 600_000])
    writeCrl(trust.folder, ca, crlOf({ number: 8, thisUpdate: NOW - 60 }).pem)
    timers.fire(5000)
    watcher.change()
    await untilReloads(2)
    expect(results[1]!.diff.crlsAdvanced).toMatchObject([{ number: 8n }])
    expect(timers.waiting).toEqual([5000, 600_000])
  })

  it('polls: reads nothing while no file is touched, and everything once one is', async () => {
    await store.start()
    timers.fire(600_000)
    await vi.waitUntil(() => timers.waiting.includes(600_000))
    expect(results).toHaveLength(1)
    writeCrl(trust.folder, ca, crlOf({ number: 8, thisUpdate: NOW - 60 }).pem)
    timers.fire(600_000)
    await untilReloads(2)
    expect(results[1]!.outcome).toBe('changed')
  })

  it('polls again while an older object stands in, which ends when that expires', async () => {
    await store.start()
    writeCrl(trust.folder, ca, 'garbage')
    expect((await store.reload()).summary).toMatchObject({ standIns: 2, crls: { valid: 1, unreadable: 0 } })
    trust.now = NOW + 5 * 86_400
    timers.fire(600_000)
    await untilReloads(3)
    expect(results[2]!.summary).toMatchObject({ standIns: 0, crls: { valid: 0, unreadable: 1 } })
    expect(store.current().hasUnreadableCrl(store.current().cas[0]!.certificate.subject.canonical)).toBe(true)
  })

  it('looks again soon at a file that was being written', async () => {
    const name = `${newHash()}.r1`
    trust.write(name, Buffer.alloc(4_000_000, 'x'))
    let running = true
    const first = store.start().finally(() => {
      running = false
    })
    while (running) {
      appendFileSync(trust.path(name), 'more')
      await nextTurn()
    }
    await first
    expect(timers.waiting).toEqual([5000, 600_000])
    trust.remove(name)
    timers.fire(5000)
    await untilReloads(2)
    expect(timers.waiting).toEqual([600_000])
  })

  it('lives without events, says so once, and tries again at each poll', async () => {
    watcher.fails = true
    await store.start()
    timers.fire(600_000)
    await vi.waitUntil(() => timers.waiting.includes(600_000))
    expect(failures).toMatchObject([{ message: 'no inotify here' }])
    expect(watcher.opened).toBe(2)
    watcher.fails = false
    timers.fire(600_000)
    await vi.waitUntil(() => timers.waiting.includes(600_000))
    watcher.fail(new Error('gone'))
    expect(failures).toHaveLength(2)
  })

  it('closes its watch and timers, and uses no load that ends later', async () => {
    await store.start()
    watcher.change()
    writeCrl(trust.folder, ca, crlOf({ number: 8, thisUpdate: NOW - 60 }).pem)
    const late = store.reload()
    await store.close()
    await late
    expect(store.current().generation).toBe(1)
    expect(results).toHaveLength(1)
    expect(timers.waiting).toEqual([])
    expect(watcher.open).toBe(0)
    watcher.change()
    expect(timers.waiting).toEqual([])
    await expect(store.reload()).rejects.toThrow('closed')
  })

  it('counts CRLs by state', async () => {
    trust.fill({ ca: createCa({ subject: '/CN=Other', ...YEAR }), crls: ['garbage'], alias: 'other' })
    const third = createCa({ subject: '/CN=Third', ...YEAR })
    trust.fill({
      ca: third,
      crls: [crlOf({}, createCa({ subject: '/CN=Third', ...YEAR })).pem],
      alias: 'third',
    })
    const fourth = createCa({ subject: '/CN=Fourth', ...YEAR })
    trust.fill({ ca: fourth, crls: [crlOf({ nextUpdate: NOW - 1 }, fourth).pem], alias: 'fourth' })
    const { summary } = await store.start()
    expect(summary.crls).toEqual({
      valid: 1,
      expired: 1,
      not_yet_valid: 0,
      unsupported: 0,
      unverified: 1,
      unreadable: 1,
    })
  })

  it('follows a real directory by real events', async () => {
    await store.close()
    store = storeOf({ after: systemAfter, watch: watchFolder }, 1)
    await store.start()
    expect(failures).toEqual([])
    const serialIsListed = () =>
      store
        .current()
        .crlsByIssuer(store.current().cas[0]!.certificate.subject.canonical)[0]!
        .isListed(user.serial)
    expect(serialIsListed()).toBe(false)
    trust.write(`${newHash()}.r0`, crlOf({ number: 8, thisUpdate: NOW - 60, revoked: [user] }).pem)
    await vi.waitUntil(serialIsListed, { timeout: 20_000, interval: 5 })
  })

  it('reports a folder that cannot be watched instead of throwing', async () => {
    await store.close()
    trust.remove('')
    store = storeOf({ after: systemAfter, watch: watchFolder })
    expect(await store.start()).toMatchObject({ outcome: 'refused' })
    expect(failures).toMatchObject([{ code: 'ENOENT' }])
  })
})
