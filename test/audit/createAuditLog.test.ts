import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditLog } from '../../src/audit/createAuditLog.ts'
import { ConfigError } from '../../src/config/ConfigError.ts'
import { VomsError } from '../../src/errors.ts'
import { type FaultyStorage, failWith, faultyStorage } from '../fakes/faultyStorage.ts'
import { NOW } from '../fakes/grant.ts'
import { randomFrom } from '../faults/mutateAudit.ts'
import { type AuditFolder, auditFolder, intentOf, issueOne } from './auditFolder.ts'

let audit: AuditFolder
let storage: FaultyStorage
let opened: AuditLog[]
beforeEach(() => {
  audit = auditFolder()
  storage = faultyStorage()
  opened = []
})
afterEach(async () => {
  storage.onWrite = undefined
  storage.onTruncate = undefined
  for (const log of opened) await log.close()
  audit.remove()
})

async function open(options?: Parameters<AuditFolder['open']>[0]): Promise<AuditLog> {
  const log = await audit.open(options, storage)
  opened.push(log)
  return log
}

interface Line {
  n: number
  t: number
  k: string
  id?: string
  [key: string]: unknown
}

/** The records of a log as they stand in its files; a torn end is left out. */
function records(log = 'w0'): Line[] {
  return [...audit.files()]
    .filter(([name]) => name.startsWith(`${log}/`))
    .flatMap(([, bytes]) => bytes.toString('utf8').split('\n').slice(0, -1))
    .filter(line => line.includes('{'))
    .map(line => JSON.parse(line.slice(65)) as Line)
}

/** Lets a write go on when it is told to. */
function gate(): { open(): void; closed: Promise<void> } {
  let open = () => {}
  const closed = new Promise<void>(resolve => {
    open = resolve
  })
  return { open: () => open(), closed }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    cause => cause,
  )
  expect(error).toBeInstanceOf(VomsError)
  return error.code
}

async function faultsOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    cause => cause,
  )
  expect(error).toBeInstanceOf(ConfigError)
  return error.message
}

describe('an audit log', () => {
  it('records the intent, then what came of it', async () => {
    const log = await open()
    await log.intent(intentOf(1))
    await log.intent(intentOf(2))
    log.result({ id: 'r-1', serial: intentOf(1).serial, ac: 'cd'.repeat(32) })
    log.result({ id: 'r-2', serial: intentOf(2).serial, code: 'overloaded' })
    await log.close()
    expect(records().map(({ n, k, id }) => [n, k, id])).toEqual([
      [1, 'begin', undefined],
      [2, 'intent', 'r-1'],
      [3, 'intent', 'r-2'],
      [4, 'issued', 'r-1'],
      [5, 'failed', 'r-2'],
      [6, 'end', undefined],
    ])
    expect(records()[1]).toEqual({ n: 2, t: NOW, k: 'intent', ...intentOf(1) })
    expect(log.head()).toMatchObject({ log: 'w0', segment: 1, n: 6 })
  })

  it('keeps folder and files to its user alone', async () => {
    await open()
    const modes = [audit.folder, join(audit.folder, 'w0'), join(audit.folder, 'w0/00000001.seg')]
    expect(modes.map(path => statSync(path).mode & 0o777)).toEqual([0o700, 0o700, 0o600])
  })

  it('writes results with the next intents, or by themselves soon after', async () => {
    const log = await open()
    await log.intent(intentOf(1))
    log.result({ id: 'r-1', serial: intentOf(1).serial, ac: 'cd'.repeat(32) })
    await log.intent(intentOf(2))
    expect(records().map(({ k }) => k)).toEqual(['begin', 'intent', 'issued', 'intent'])
    log.result({ id: 'r-2', serial: intentOf(2).serial, ac: 'cd'.repeat(32) })
    await expect.poll(() => records().at(-1)?.k).toBe('issued')
  })

  it('takes the next log when another process has its own', async () => {
    await open()
    const other = await open()
    expect(other.head().log).toBe('w1')
  })

  it('refuses a record that is too long, and records others', async () => {
    const log = await open()
    const endless = intentOf(1, {
      fqans: Array.from({ length: 5000 }, (_, i) => `/vo.0/a-group-of-some-length-${i}`),
    })
    expect(await codeOf(log.intent(endless))).toBe('audit')
    await log.intent(intentOf(2))
    expect(records().map(({ id }) => id)).toEqual([undefined, 'r-2'])
  })

  it('takes no more once so many wait that they would never be served', async () => {
    const log = await open()
    const { open: release, closed } = gate()
    storage.onWrite = async bytes => {
      await closed
      return bytes.length
    }
    const waiting = Array.from({ length: 20_000 }, (_, i) => log.intent(intentOf(i)))
    expect(await codeOf(log.intent(intentOf(99_999)))).toBe('overloaded')
    release()
    await Promise.all(waiting)
  })
})

describe('group commit', () => {
  it('puts what comes while a write is under way into the next one, together', async () => {
    const log = await open()
    const { open: release, closed } = gate()
    const begun = storage.writes.length
    storage.onWrite = async bytes => {
      await closed
      return bytes.length
    }
    const first = log.intent(intentOf(0))
    await expect.poll(() => storage.writes.length).toBe(begun + 1)
    const others = Array.from({ length: 50 }, (_, i) => log.intent(intentOf(1 + i)))
    release()
    await Promise.all([first, ...others])
    expect(storage.writes.length).toBe(begun + 2)
  })

  it('puts what comes in one turn of the loop together', async () => {
    const log = await open()
    const begun = storage.writes.length
    await Promise.all(Array.from({ length: 50 }, (_, i) => log.intent(intentOf(i))))
    expect(storage.writes.length).toBe(begun + 1)
  })

  it('takes one that comes just as a write has ended', async () => {
    audit.clock.stopped = true
    const log = await open()
    for (let i = 0; i < 20; i++) {
      // Each number of steps away from the end of the write before.
      await log.intent(intentOf(i))
      for (let step = 0; step < i; step++) await undefined
    }
    expect(records().filter(({ k }) => k === 'intent')).toHaveLength(20)
  })

  it('lets intents wait for each other while more are expected, and no longer', async () => {
    const log = await open()
    audit.load.expected = 3
    audit.load.milliseconds = 1000
    const begun = storage.writes.length
    await log.intent(intentOf(0))
    audit.clock.stopped = true
    // Within milliseconds of a write, and of three that are expected two have come: a third lets them go.
    const early = [log.intent(intentOf(1)), log.intent(intentOf(2))]
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    const inBetween = storage.writes.length
    await Promise.all([...early, log.intent(intentOf(3))])
    expect(inBetween).toBe(begun + 1)
    expect(storage.writes.length).toBe(begun + 2)
    // Those that never come are not waited for long.
    audit.clock.stopped = false
    await log.intent(intentOf(4))
    await log.intent(intentOf(5))
    expect(storage.writes.length).toBe(begun + 4)
  })

  it('never resolves an intent before the write that holds it is durable', async () => {
    const log = await open()
    const order: string[] = []
    const gates: ReturnType<typeof gate>[] = []
    storage.onWrite = async bytes => {
      const own = gate()
      gates.push(own)
      await own.closed
      order.push('durable')
      return bytes.length
    }
    const first = log.intent(intentOf(1)).then(() => order.push('first'))
    await expect.poll(() => gates.length).toBe(1)
    const second = log.intent(intentOf(2)).then(() => order.push('second'))
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(order).toEqual([])
    gates[0]!.open()
    await first
    await expect.poll(() => gates.length).toBe(2)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(order).toEqual(['durable', 'first'])
    gates[1]!.open()
    await second
    expect(order).toEqual(['durable', 'first', 'durable', 'second'])
  })

  it('gives results no write of their own while intents come', async () => {
    audit.clock.stopped = true
    const log = await open()
    const begun = storage.writes.length
    for (let i = 0; i < 20; i++) await issueOne(log, i)
    expect(storage.writes.length).toBe(begun + 20)
  })

  it('goes on where a short write ended', async () => {
    const log = await open()
    storage.onWrite = bytes => Math.min(bytes.length, 7)
    await log.intent(intentOf(1))
    storage.onWrite = undefined
    await issueOne(log, 2)
    await log.close()
    const signer = await audit.signer()
    await signer.close()
    expect((await audit.verify()).faults).toEqual([])
    expect(records().filter(({ k }) => k === 'intent')).toHaveLength(2)
  })
})

describe('a disk that fails', () => {
  const failures: [string, (bytes: Uint8Array) => number][] = [
    ['is full', failWith('ENOSPC')],
    ['has no room for the whole of a record', shortThen('ENOSPC', 100)],
    ['has no room and does not say so', () => 0],
    ['has its quota used up', failWith('EDQUOT')],
    ['fails', failWith('EIO')],
    ['fails in the midst of a record', shortThen('EIO', 30)],
  ]

  /** Takes some octets once and then fails, for each record anew. */
  function shortThen(code: string, octets: number): (bytes: Uint8Array) => number {
    let short = true
    return bytes => {
      short = !short
      return short ? failWith(code)() : Math.min(octets, bytes.length)
    }
  }

  it.each(failures)('refuses what it cannot record and goes on by itself: the disk %s', async (_, fault) => {
    const log = await open()
    await issueOne(log, 1)
    storage.onWrite = fault
    expect(await codeOf(log.intent(intentOf(2)))).toBe('audit')
    expect(await codeOf(log.intent(intentOf(3)))).toBe('audit')
    storage.onWrite = undefined
    await issueOne(log, 4)
    await log.close()
    expect(records().flatMap(({ k, id }) => (k === 'intent' ? [id] : []))).toEqual(['r-1', 'r-4'])
    expect(records().flatMap(({ k, id }) => (k === 'issued' ? [id] : []))).toEqual(['r-1', 'r-4'])
    expect(audit.notices).toEqual([
      'error: audit: records cannot be written',
      'info: audit: records are written again',
    ])
    const signer = await audit.signer()
    await signer.close()
    expect((await audit.verify()).faults).toEqual([])
  })

  it('says in the next file what could not be cut off', async () => {
    const log = await open()
    await issueOne(log, 1)
    storage.onWrite = shortThen('EIO', 30)
    storage.onTruncate = failWith('EIO')
    expect(await codeOf(log.intent(intentOf(2)))).toBe('audit')
    storage.onWrite = undefined
    storage.onTruncate = undefined
    await issueOne(log, 3)
    await log.close()
    const begin = records().filter(({ k }) => k === 'begin')
    expect(begin).toHaveLength(2)
    expect(begin[1]).toMatchObject({ previous: { segment: 1, tail: { bytes: 30 } } })
    const signer = await audit.signer()
    await signer.close()
    expect((await audit.verify()).faults).toEqual([])
  })

  it('keeps results until they can be written', async () => {
    const log = await open()
    await log.intent(intentOf(1))
    storage.onWrite = failWith('ENOSPC')
    log.result({ id: 'r-1', serial: intentOf(1).serial, ac: 'cd'.repeat(32) })
    expect(await codeOf(log.intent(intentOf(2)))).toBe('audit')
    storage.onWrite = undefined
    await expect.poll(() => records().map(({ k }) => k)).toEqual(['begin', 'intent', 'issued'])
  })

  it('with "alarm" lets ACs be issued, and records how many there were', async () => {
    const log = await open({ onFull: 'alarm' })
    storage.onWrite = failWith('ENOSPC')
    for (let i = 0; i < 5; i++) await issueOne(log, i)
    storage.onWrite = undefined
    await issueOne(log, 6)
    await log.close()
    expect(audit.notices[0]).toBe('error: audit: records cannot be written')
    expect(records().filter(({ k }) => k === 'lost')).toMatchObject([{ count: 5, since: NOW }])
    expect(records().flatMap(({ k, id }) => (k === 'intent' ? [id] : []))).toEqual(['r-6'])
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('acknowledges nothing that a power cut takes back (%i)', async seed => {
    const random = randomFrom(seed)
    const log = await open({ maxSegmentBytes: 20_000 })
    const acknowledged: string[] = []
    let power = true
    storage.onSync = async () => {
      await new Promise(resolve => setTimeout(resolve, random(4)))
      if (!power) await new Promise(() => {})
    }
    for (let lane = 0; lane < 16; lane++) {
      void (async () => {
        for (let i = 0; ; i++) {
          const intent = intentOf(lane * 10_000 + i)
          await log.intent(intent)
          acknowledged.push(intent.id)
        }
      })()
    }
    const enough = random(300)
    await expect.poll(() => acknowledged.length, { interval: 3, timeout: 20_000 }).toBeGreaterThan(enough)
    power = false
    // The log of before the cut is never closed.
    opened.pop()
    const known = [...acknowledged]
    storage.cutPower()
    const found = new Set(records().flatMap(({ id }) => id ?? []))
    expect(known.length).toBeGreaterThan(0)
    expect(known.filter(id => !found.has(id))).toEqual([])
    const signer = await audit.signer()
    await signer.close()
    expect((await audit.verify()).faults).toEqual([])
  })
})

describe('rotation and retention', () => {
  it('begins a new file when one is full, and each day', async () => {
    const log = await open({ maxSegmentBytes: 2000 })
    for (let i = 0; i < 6; i++) await log.intent(intentOf(i))
    const full = log.head().segment
    expect(full).toBe(2)
    audit.clock.now += 86_400
    await log.intent(intentOf(6))
    expect(log.head().segment).toBe(full + 1)
    await log.close()
    expect(records().map(({ n }) => n)).toEqual(records().map((_, index) => index + 1))
  })

  it('goes on in the old file while no new one can be opened', async () => {
    const log = await open({ maxSegmentBytes: 1500 })
    storage.onCreate = failWith('EMFILE')
    for (let i = 0; i < 6; i++) await log.intent(intentOf(i))
    expect(log.head().segment).toBe(1)
    storage.onCreate = undefined
    await log.intent(intentOf(6))
    expect(log.head().segment).toBe(2)
    await expectWhole(log, 7)
  })

  it('adds nothing to the old file once a new one may have its name, and replaces that', async () => {
    const log = await open({ maxSegmentBytes: 1000 })
    storage.onPublish = failWith('EIO')
    for (let i = 0; i < 2; i++) await log.intent(intentOf(i))
    const size = statSync(join(audit.folder, 'w0/00000001.seg')).size
    expect(await codeOf(log.intent(intentOf(2)))).toBe('audit')
    expect(await codeOf(log.intent(intentOf(3)))).toBe('audit')
    expect(statSync(join(audit.folder, 'w0/00000001.seg')).size).toBe(size)
    storage.onPublish = undefined
    await log.intent(intentOf(4))
    await expectWhole(log, 3)
  })

  async function expectWhole(log: AuditLog, intents: number): Promise<void> {
    await log.close()
    const signer = await audit.signer()
    await signer.close()
    expect((await audit.verify()).faults).toEqual([])
    expect(records().filter(({ k }) => k === 'intent')).toHaveLength(intents)
  }

  it('removes what is old, verified and signed, and says so before', async () => {
    const log = await open({ retentionDays: 30 })
    await issueOne(log, 1)
    audit.clock.now += 86_400
    await issueOne(log, 2)
    const signer = await audit.signer([log])
    await signer.close()
    audit.clock.now += 40 * 86_400
    await issueOne(log, 3)
    await expect.poll(() => audit.notices).toContain('info: audit: old records removed')
    expect([...audit.files().keys()].filter(name => name.startsWith('w0'))).toEqual([
      'w0/00000002.seg',
      'w0/00000003.seg',
    ])
    await log.close()
    expect(records().find(({ k }) => k === 'removed')).toMatchObject({ through: 1 })
    const last = await audit.signer()
    await last.close()
    expect((await audit.verify()).faults).toEqual([])
  })

  it('removes nothing that is not signed', async () => {
    const log = await open({ retentionDays: 30 })
    await issueOne(log, 1)
    audit.clock.now += 40 * 86_400
    await issueOne(log, 2)
    audit.clock.now += 40 * 86_400
    await issueOne(log, 3)
    await log.close()
    expect(readdirSync(join(audit.folder, 'w0')).filter(name => name.endsWith('.seg'))).toHaveLength(3)
  })
})

describe('opening', () => {
  async function closedLog(): Promise<string> {
    const log = await audit.open()
    await issueOne(log, 1)
    await log.close()
    return join(audit.folder, 'w0/00000001.seg')
  }

  it('goes on after the last record, in a new file that says how the one before ended', async () => {
    const path = await closedLog()
    const last = records().at(-1)!
    await open()
    expect(records().at(-1)).toMatchObject({
      k: 'begin',
      n: last.n + 1,
      previous: { segment: 1, n: last.n, length: statSync(path).size },
    })
    expect(records().at(-1)).not.toHaveProperty('previous.tail')
  })

  it('finds the end of a file that a crash cut short, at every octet of its last record', async () => {
    const path = await closedLog()
    const bytes = readFileSync(path)
    const begin = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1
    for (let length = begin + 1; length < bytes.length; length++) {
      rmSync(join(audit.folder, 'w0/00000002.seg'), { force: true })
      writeFileSync(path, bytes.subarray(0, length))
      const log = await audit.open()
      const tail = { bytes: length - begin }
      expect(records().at(-1)).toMatchObject({ k: 'begin', previous: { length: begin, tail } })
      expect(audit.notices.pop()).toContain('warn: audit: the last write before a crash was cut short')
      await log.close()
    }
    const signer = await audit.signer()
    await signer.close()
    expect((await audit.verify()).faults).toEqual([])
  })

  it('leaves a beginning without a name alone', async () => {
    await closedLog()
    appendFileSync(join(audit.folder, 'w0/00000002.seg.new'), 'half a rec')
    const log = await open()
    expect(log.head().segment).toBe(2)
  })

  it('refuses a clock that is more than 60 s behind the newest record of any log', async () => {
    await closedLog()
    audit.clock.now -= 61
    const message = await faultsOf(audit.open({ worker: 5 }))
    expect(message).toContain(
      'audit.folder: the clock is 61 s behind the newest record, of 2026-10-05T12:00:00.000Z',
    )
    expect(message).toContain('set the clock')
    audit.clock.now += 1
    await open()
  })

  it('refuses a file whose first record is damaged, and says what to do', async () => {
    const path = await closedLog()
    writeFileSync(path, readFileSync(path).fill(0x20, 70, 80))
    expect(await faultsOf(audit.open())).toMatch(/cannot be continued: .*vouchd audit verify.*move /)
  })

  it.each([
    ['is open to others', (folder: string) => chmodSync(folder, 0o750), 'is open to other users'],
    [
      'holds a log that is open to others',
      (folder: string) => chmodSync(join(folder, 'w0'), 0o755),
      'is open to other users',
    ],
  ])('refuses a folder that %s', async (_, damage, text) => {
    await closedLog()
    damage(audit.folder)
    expect(await faultsOf(audit.open())).toContain(text)
  })

  it('refuses a folder that is a file', async () => {
    mkdirSync(join(audit.folder, '..'), { recursive: true })
    writeFileSync(audit.folder, '')
    expect(await faultsOf(audit.open())).toContain('is not a folder')
  })
})

describe('a clock that is set back while the daemon runs', () => {
  it('stops issuance while it is more than 60 s behind, and times never go back', async () => {
    const log = await open()
    await log.intent(intentOf(1))
    audit.clock.now -= 60
    await log.intent(intentOf(2))
    audit.clock.now -= 1
    expect(await codeOf(log.intent(intentOf(3)))).toBe('audit')
    expect(await codeOf(log.intent(intentOf(3)))).toBe('audit')
    audit.clock.now += 100
    await log.intent(intentOf(4))
    expect(audit.notices).toEqual([
      'error: audit: the clock is behind the newest record, nothing is issued',
      'info: audit: records are written again',
    ])
    expect(records().map(({ t }) => t - NOW)).toEqual([0, 0, 0, 39])
  })
})
