import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DirectoryConfig } from '../../src/config/types.ts'
import {
  type CachedDirectory,
  createDirectory,
  type DirectoryEvent,
  type DirectoryTimes,
} from '../../src/resolve/directory.ts'
import { DatabaseError } from '../../src/store/DatabaseError.ts'
import { type FakeDatabase, fakeDatabase, SUBJECT, unavailable } from '../fakes/fakeDatabase.ts'
import { DIRECTORY_CONFIG } from './directoryConfig.ts'
import { holderNames } from './holderNames.ts'

// Polls come when a test asks for one; nothing grows old by itself.
const TIMES: DirectoryTimes = { pollMs: 3_600_000, lookupMs: 500, freshMs: 3_000, unknownMs: 5_000 }

let db: FakeDatabase
let now: number
let ms: number
let events: DirectoryEvent[]
let open: CachedDirectory[]
beforeEach(() => {
  db = fakeDatabase()
  now = 1_800_000_000
  ms = 0
  events = []
  open = []
})
afterEach(async () => {
  for (const directory of open) await directory.close()
})

async function started(config: Partial<DirectoryConfig> = {}, times: Partial<DirectoryTimes> = {}) {
  const directory = createDirectory(
    { ...DIRECTORY_CONFIG, ...config },
    { db, clock: { now: () => now }, monotonic: () => ms, onEvent: event => events.push(event) },
    { ...TIMES, ...times },
  )
  open.push(directory)
  await expect.poll(() => directory.ready()).toBe(true)
  return directory
}

/** One more poll, to its end. */
async function polled(directory: CachedDirectory) {
  const before = events.length
  const { polls } = db.asked
  directory.refresh()
  await expect.poll(() => db.asked.polls > polls || events.length > before).toBe(true)
  await new Promise(resolve => setImmediate(resolve))
}

const results = () => events.flatMap(event => (event.kind === 'lookup' ? [event.result] : []))
const look = (directory: CachedDirectory, subject?: string, issuer?: string) =>
  directory.lookup('vo.0', holderNames(subject, issuer), false)

describe('whose certificate it is', () => {
  it('gathers the holdings and attributes of the member', async () => {
    db.holdings = [
      {},
      { fqgroup: '/vo.0' },
      { fqgroup: '/vo.0/G1', role: 'R1', ends: now + 10 },
      { fqgroup: '/vo.0/opt', optional: true },
    ]
    db.attributes = [
      { scope: 'member', fqgroup: null, role: null, name: 'nickname', value: 'zero' },
      { scope: 'group', fqgroup: '/vo.0', role: null, name: 'quota', value: '1' },
      { scope: 'role', fqgroup: '/vo.0/G1', role: 'R1', name: 'quota', value: '2' },
      { scope: 'role', fqgroup: '/vo.0/G1', role: 'R2', name: 'quota', value: 'not held' },
    ]
    expect(await look(await started())).toEqual({
      kind: 'member',
      member: {
        id: '1',
        holdings: [
          { group: '/vo.0', role: undefined, optional: false, endsAt: undefined },
          { group: '/vo.0/G1', role: 'R1', optional: false, endsAt: now + 10 },
          { group: '/vo.0/opt', role: undefined, optional: true, endsAt: undefined },
        ],
        attributes: [
          { scope: 'member', group: undefined, role: undefined, name: 'nickname', value: 'zero' },
          { scope: 'group', group: '/vo.0', role: undefined, name: 'quota', value: '1' },
          { scope: 'role', group: '/vo.0/G1', role: 'R1', name: 'quota', value: '2' },
        ],
      },
    })
  })

  it.each([
    ['as OpenSSL writes it', '/C=IT/CN=host\\/x/emailAddress=a@b'],
    ['as older databases hold it', '/C=IT/CN=host/x/Email=a@b'],
    ['in another case', '/c=it/CN=HOST/X/emailaddress=A@B'],
  ])('finds a subject spelled %s', async (_name, stored) => {
    db.holdings = [{ subject: stored }]
    expect(await look(await started(), '/C=IT/CN=host\\/x/emailAddress=a@b')).toMatchObject({
      kind: 'member',
    })
  })

  it.each([
    ['another subject that the database held to be equal', { subject: '/C=IT/O=Test/CN=test' }],
    ['another issuer', { issuer: '/C=IT/O=Test/CN=Other CA' }],
    ['another VO', { vo: 'vo.1' }],
  ])('does not know the member by %s', async (_name, row) => {
    db.holdings = [row]
    expect(await look(await started())).toEqual({ kind: 'unknown' })
  })

  it('compares the subject alone where the VO says so, and refuses one of two members', async () => {
    db.holdings = [{ issuer: '/CN=Other CA' }]
    const directory = await started()
    expect(await directory.lookup('vo.0', holderNames(), true)).toMatchObject({ kind: 'member' })
    db.holdings.push({ member: '2' })
    db.changes = [{ vo: 'vo.0', member: '2' }]
    await polled(directory)
    expect(await directory.lookup('vo.0', holderNames(), true)).toEqual({
      kind: 'ambiguous',
      memberIds: ['1', '2'],
    })
    expect(await look(directory)).toMatchObject({ kind: 'member', member: { id: '2' } })
  })

  it('refuses two members with the same certificate', async () => {
    db.holdings = [{ member: '1' }, { member: '2', suspended: true }]
    expect(await look(await started())).toEqual({ kind: 'ambiguous', memberIds: ['1', '2'] })
  })

  it('is suspended when every matching certificate is', async () => {
    db.holdings = [{ suspended: true }, { suspended: true, reason: 'left', fqgroup: '/vo.0' }]
    const directory = await started()
    expect(await look(directory)).toEqual({ kind: 'suspended', memberId: '1', reason: 'left' })
    db.holdings.push({ fqgroup: '/vo.0', suspended: false })
    db.changes = [{ vo: 'vo.0', member: '1' }]
    await polled(directory)
    expect(await look(directory)).toMatchObject({
      kind: 'member',
      member: { holdings: [{ group: '/vo.0' }] },
    })
  })

  it('ends a membership on time, cached or not', async () => {
    db.holdings = [{ ends: now + 5 }, { ends: now + 2, fqgroup: '/vo.0' }]
    const directory = await started()
    now += 4
    expect(await look(directory)).toMatchObject({ kind: 'member' })
    now += 1
    expect(await look(directory)).toEqual({ kind: 'suspended', memberId: '1', reason: 'membership expired' })
    expect(results()).toEqual(['miss', 'hit'])
  })
})

describe('the cache', () => {
  it('asks once for many who ask at once, and not again', async () => {
    db.holdings = [{}]
    const directory = await started()
    const answers = await Promise.all(Array.from({ length: 20 }, () => look(directory)))
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['member']))
    await look(directory)
    expect(db.asked.lookups).toBe(1)
  })

  it('asks again when the entry is too old, or when changes were not asked for lately', async () => {
    db.holdings = [{}]
    const directory = await started()
    await look(directory)
    ms += TIMES.freshMs + 1
    await look(directory)
    expect(db.asked.lookups).toBe(2)
    for (let age = 0; age <= 301_000; age += 43_000) {
      ms += 43_000
      await polled(directory)
    }
    await look(directory)
    expect(db.asked.lookups).toBe(3)
  })

  it('forgets the members that changed and keeps the others', async () => {
    const other = '/C=IT/O=Test/CN=test1'
    db.holdings = [{}, { member: '2', subject: other }, { vo: 'vo.1' }]
    const directory = await started()
    const askAll = () =>
      Promise.all([look(directory), look(directory, other), directory.lookup('vo.1', holderNames(), false)])
    await askAll()
    expect(db.asked.lookups).toBe(3)
    for (const [change, asked] of [
      [{ vo: 'vo.0', member: '1' }, 4],
      [{ vo: 'vo.0' }, 6],
      [{}, 9],
      [{ vo: 'vo.2' }, 9],
    ] as const) {
      db.changes = [change]
      await polled(directory)
      await askAll()
      expect(db.asked.lookups, JSON.stringify(change)).toBe(asked)
    }
  })

  it('remembers for a moment that nobody is known, until anything changes', async () => {
    const directory = await started()
    expect(await look(directory)).toEqual({ kind: 'unknown' })
    expect(await look(directory)).toEqual({ kind: 'unknown' })
    expect(db.asked.lookups).toBe(1)
    db.holdings = [{}]
    db.changes = [{ vo: 'vo.0', member: '7' }]
    await polled(directory)
    expect(await look(directory)).toMatchObject({ kind: 'member' })
  })

  it('does not keep an answer that was read before a change was seen', async () => {
    db.holdings = [{}]
    const directory = await started()
    const held = Promise.withResolvers<void>()
    db.holdLookups = held.promise
    const early = look(directory)
    await expect.poll(() => db.asked.lookups).toBe(1)
    db.holdings = [{ suspended: true, reason: 'stolen' }]
    db.changes = [{ vo: 'vo.0', member: '1' }]
    await polled(directory)
    const late = look(directory)
    held.resolve()
    expect(await early).toMatchObject({ kind: 'member' })
    expect(await late).toMatchObject({ kind: 'suspended' })
    expect(await look(directory)).toMatchObject({ kind: 'suspended' })
  })

  it('polls at once when the database notifies', async () => {
    await started()
    db.notify()
    await expect.poll(() => db.asked.polls).toBe(2)
  })

  it.each([
    ['the server is another one', () => (db.server = 'restarted')],
    ['the server was restored from an earlier time', () => (db.xmax -= 1)],
    ['longer passed than changes are kept', () => (db.at += 1801)],
    ['there are very many changes', () => (db.changes = Array(2001).fill({ vo: 'vo.9', member: '9' }))],
  ])('forgets everything when %s', async (_name, happen) => {
    db.holdings = [{}]
    const directory = await started()
    await look(directory)
    happen()
    await polled(directory)
    await look(directory)
    expect(db.asked.lookups).toBe(2)
  })

  it('hears of a change again when the poll that brought it was given up', async () => {
    db.holdings = [{}]
    const directory = await started()
    await look(directory)
    const held = Promise.withResolvers<void>()
    db.holdPolls = held.promise
    db.server = 'another'
    directory.refresh()
    await expect.poll(() => directory.away()).toBe(true)
    held.resolve()
    db.holdPolls = undefined
    directory.refresh()
    await expect.poll(() => directory.away()).toBe(false)
    await look(directory)
    expect(db.asked.lookups).toBe(2)
  })

  it('holds no more members than it may', async () => {
    const directory = await started({ cacheMembers: 3 })
    for (let n = 0; n < 10; n++) {
      db.holdings = [{ member: `${n}`, subject: `/CN=${n}` }]
      await look(directory, `/CN=${n}`)
    }
    expect(directory.size()).toBe(3)
    db.changes = [{ vo: 'vo.0', member: '9' }]
    await polled(directory)
    expect(directory.size()).toBe(2)
  })

  it('holds none when it may hold none', async () => {
    db.holdings = [{}]
    const directory = await started({ cacheMembers: 0 })
    await look(directory)
    await look(directory)
    expect([directory.size(), db.asked.lookups]).toEqual([0, 2])
  })
})

describe("a site's own views", () => {
  const own = { holdingsView: 'site.members', cacheSeconds: 5 }

  it('are asked again after the cache limit, where nothing tells of changes', async () => {
    db.holdings = [{}]
    const directory = await started(own)
    await look(directory)
    ms += 5_000
    await look(directory)
    expect(db.asked).toEqual({ lookups: 1, polls: 0 })
    ms += 1
    await look(directory)
    expect(db.asked.lookups).toBe(2)
  })

  it('are asked again when their version changes', async () => {
    db.holdings = [{}]
    const directory = await started({ ...own, versionQuery: 'select version' })
    await look(directory)
    await look(directory)
    expect(db.asked.lookups).toBe(1)
    db.version = 'two'
    directory.refresh()
    await expect.poll(() => directory.size()).toBe(0)
    await look(directory)
    expect(db.asked.lookups).toBe(2)
  })

  it('may count a missing flag as suspended, and members by any text', async () => {
    db.holdings = [{ member: 'a3f0-uuid', fqgroup: '/vo.0' }]
    expect(await look(await started(own))).toMatchObject({ member: { id: 'a3f0-uuid' } })
  })
})

describe('while the database is away', () => {
  it('serves cached members for the grace, and says of others that the database is the problem', async () => {
    db.holdings = [{}]
    const directory = await started()
    await look(directory)
    db.failure = unavailable()
    await polled(directory)
    expect(directory.away()).toBe(true)
    ms += DIRECTORY_CONFIG.graceSeconds * 1000
    expect(await look(directory)).toMatchObject({ kind: 'member' })
    await expect(look(directory, '/CN=uncached')).rejects.toMatchObject({ code: 'database' })
    ms += 1
    await expect(look(directory)).rejects.toMatchObject({ code: 'database' })
    expect(results()).toEqual(['miss', 'grace', 'failed', 'failed'])
  })

  it('does not tell anyone that he is unknown, though it knew a moment ago', async () => {
    const directory = await started()
    expect(await look(directory)).toEqual({ kind: 'unknown' })
    db.failure = unavailable()
    await polled(directory)
    await expect(look(directory)).rejects.toMatchObject({ code: 'database' })
  })

  it('asks nothing more after the first failure until a poll succeeds', async () => {
    db.holdings = [{}]
    const directory = await started()
    db.failure = unavailable()
    await expect(look(directory)).rejects.toMatchObject({ code: 'database', cause: db.failure })
    db.failure = undefined
    await expect(look(directory)).rejects.toMatchObject({ code: 'database' })
    expect(db.asked.lookups).toBe(0)
    await polled(directory)
    expect(await look(directory)).toMatchObject({ kind: 'member' })
    expect(events.filter(({ kind }) => kind === 'away' || kind === 'back').map(({ kind }) => kind)).toEqual([
      'away',
      'back',
    ])
  })

  it('gives up on a database that hangs', async () => {
    db.holdings = [{}]
    const directory = await started()
    db.holdLookups = new Promise(() => {})
    await expect(look(directory)).rejects.toMatchObject({ code: 'database' })
    expect(directory.away()).toBe(true)
  })

  it('starts, is not ready, and becomes so when the database comes', async () => {
    db.failure = unavailable()
    const directory = createDirectory(
      DIRECTORY_CONFIG,
      { db, clock: { now: () => now }, monotonic: () => ms, onEvent: event => events.push(event) },
      { ...TIMES, pollMs: 5 },
    )
    open.push(directory)
    await expect(look(directory)).rejects.toMatchObject({ code: 'database' })
    expect(directory.ready()).toBe(false)
    db.failure = undefined
    await expect.poll(() => directory.ready()).toBe(true)
    expect(await look(directory)).toEqual({ kind: 'unknown' })
  })

  it('tells a refused question apart from a database that is away', async () => {
    const directory = await started()
    db.failure = new DatabaseError('statement', 'permission denied', { sqlState: '42501' })
    await expect(look(directory)).rejects.toMatchObject({ code: 'database', cause: db.failure })
    expect(directory.away()).toBe(false)
    expect(events.at(-2)).toEqual({ kind: 'refused', cause: db.failure })
  })

  it('does not let questions pile up', async () => {
    const directory = await started()
    db.holdLookups = new Promise(() => {})
    const many = Array.from({ length: 512 }, (_, n) => look(directory, `/CN=${n}`).catch(({ code }) => code))
    await expect(look(directory)).rejects.toMatchObject({ code: 'overloaded' })
    expect(new Set(await Promise.all(many))).toEqual(new Set(['database']))
  })
})

it('shows no name of a person in its events', async () => {
  db.holdings = [{}]
  const directory = await started()
  await look(directory)
  await look(directory, '/CN=stranger')
  const text = JSON.stringify(events)
  expect(text).not.toContain(SUBJECT)
  expect(text).not.toContain('stranger')
})

describe('what it tells of itself', () => {
  it('how the database answered, and how new its knowledge is', async () => {
    const directory = await started()
    expect(events).toContainEqual({ kind: 'asked', query: 'changes', ok: true, seconds: 0 })
    expect(events).toContainEqual({
      kind: 'refreshed',
      version: expect.any(Number),
      atMostSeconds: undefined,
    })
    await look(directory)
    expect(events).toContainEqual({ kind: 'asked', query: 'lookup', ok: true, seconds: 0 })
  })
})
