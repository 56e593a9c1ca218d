import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DirectoryConfig } from '../../src/config/types.ts'
import { type CachedDirectory, createDirectory, DIRECTORY_TIMES } from '../../src/resolve/directory.ts'
import type { Lookup } from '../../src/resolve/types.ts'
import type { Database } from '../../src/store/database.ts'
import { grantReader, migrate } from '../../src/store/migrate.ts'
import { createPostgres, type PostgresConfig } from '../../src/store/postgres.ts'
import { openBlankDatabase } from '../store/blankDatabase.ts'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'
import { fillSampleVo } from '../store/sampleVo.ts'
import { DIRECTORY_CONFIG } from './directoryConfig.ts'
import { holderNames } from './holderNames.ts'

const CONFIG: DirectoryConfig = { ...DIRECTORY_CONFIG, cacheMembers: 1000, cacheSeconds: 3600 }
const NOW = Date.parse('2026-06-01T00:00:00Z') / 1000

const open: (CachedDirectory | Database)[] = []
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close()
})

async function directoryOn(db: Database, over: Partial<DirectoryConfig> = {}, pollMs = 20) {
  const directory = createDirectory(
    { ...CONFIG, ...over },
    { db, clock: { now: () => NOW }, monotonic: () => performance.now(), onEvent: () => {} },
    { ...DIRECTORY_TIMES, pollMs },
  )
  open.push(directory)
  await expect.poll(() => directory.ready()).toBe(true)
  return directory
}

const look = (directory: CachedDirectory, cn = 'test0'): Promise<Lookup> =>
  directory.lookup('vo.0', holderNames(`/C=IT/O=Test/CN=${cn}`, '/C=IT/O=Test/CN=CA'), false)
const kindOf = (directory: CachedDirectory, cn?: string) =>
  look(directory, cn).then(
    ({ kind }) => kind,
    ({ code }) => code,
  )
const suspend = (yes: boolean, id = '0') =>
  `update vouchd.member set suspended = ${yes} where source_id = '${id}'`

const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined
let cluster: PostgresCluster
beforeAll(async () => {
  if (skip === undefined) cluster = await startPostgres()
})
afterAll(() => cluster?.dispose())

describe.each([
  ['PGlite', undefined, openBlankDatabase],
  ['PostgreSQL', skip, async () => createPostgres(cluster.createDatabase(), { role: 'owner' })],
] as const)('the directory on %s (skipped: %s)', (_name, skipped, openDatabase) => {
  describe.skipIf(skipped !== undefined)('', () => {
    let db: Database
    beforeAll(async () => {
      db = await openDatabase()
      await migrate(db)
      await fillSampleVo(db)
    })
    afterAll(() => db?.close())

    it('answers from the real views', async () => {
      const directory = await directoryOn(db)
      const test0 = await look(directory)
      const [row] = await db.query(`select id from vouchd.member where source_id = '0'`)
      const holding = (group: string, role?: string) => ({
        group,
        role,
        optional: group === '/vo.0/optional',
        endsAt: group === '/vo.0/G2' ? Date.parse('2030-01-01T00:00:00Z') / 1000 : undefined,
      })
      expect(test0).toEqual({
        kind: 'member',
        member: {
          id: row!['id'],
          holdings: expect.arrayContaining([
            holding('/vo.0'),
            holding('/vo.0/G1'),
            holding('/vo.0/G1', 'R1'),
            holding('/vo.0/G2'),
            holding('/vo.0/optional'),
          ]),
          attributes: [
            { scope: 'member', group: undefined, role: undefined, name: 'nickname', value: 'zero' },
            { scope: 'group', group: '/vo.0/G1', role: undefined, name: 'quota', value: '10' },
            { scope: 'role', group: '/vo.0/G1', role: 'R1', name: 'quota', value: '20' },
          ],
        },
      })
      expect(test0).toHaveProperty('member.holdings.length', 5)
      expect(await look(directory, 'test0 old')).toMatchObject({ kind: 'suspended', reason: 'key lost' })
      expect(await look(directory, 'test2')).toMatchObject({
        kind: 'suspended',
        reason: 'left the experiment',
      })
      expect(await look(directory, '(Parenthesis)')).toMatchObject({
        kind: 'member',
        member: { holdings: [] },
      })
      expect(await look(directory, 'test3')).toEqual({ kind: 'unknown' })
    })

    it('ends a membership where the VO says so', async () => {
      const directory = await directoryOn(db)
      await db.query('update vouchd.vo set enforce_end_dates = true')
      await expect
        .poll(() => look(directory))
        .toMatchObject({ kind: 'suspended', reason: 'membership expired' })
      await db.query('update vouchd.vo set enforce_end_dates = false')
      await expect.poll(() => kindOf(directory)).toBe('member')
    })

    it('hears of a change by notification before the next poll', async () => {
      const directory = await directoryOn(db, {}, 3_600_000)
      expect(await kindOf(directory)).toBe('member')
      await db.query(suspend(true))
      await expect.poll(() => kindOf(directory)).toBe('suspended')
      await db.query(suspend(false))
      await expect.poll(() => kindOf(directory)).toBe('member')
    })

    it('finds a change by polling where every notification is lost', async () => {
      const directory = await directoryOn({ ...db, listen: async () => async () => {} })
      expect(await kindOf(directory)).toBe('member')
      await db.query(suspend(true))
      await expect.poll(() => kindOf(directory)).toBe('suspended')
      await db.query(suspend(false))
      await expect.poll(() => kindOf(directory)).toBe('member')
    })
  })
})

describe.skipIf(skip !== undefined)(`the directory and a PostgreSQL server (skipped: ${skip})`, () => {
  let config: PostgresConfig
  let admin: Database
  beforeAll(async () => {
    config = cluster.createDatabase({ user: 'reader' })
    cluster.psql('postgres', 'create role reader login; create role other login')
    admin = createPostgres({ ...config, user: 'super' }, { role: 'owner' })
    await migrate(admin)
    await grantReader(admin, 'reader')
    await fillSampleVo(admin)
  })
  afterAll(() => admin?.close())

  function reader(over: Partial<PostgresConfig> = {}): Database {
    const db = createPostgres({ ...config, ...over }, { role: 'reader' })
    open.push(db)
    return db
  }
  const silent = (db: Database): Database => ({ ...db, listen: async () => async () => {} })

  it('sees a transaction that commits after later ones, and nothing before it commits', async () => {
    const directory = await directoryOn(silent(reader()))
    expect(await kindOf(directory)).toBe('member')
    await admin.transaction(async tx => {
      await tx.query(suspend(true))
      // A later transaction commits first and is seen first.
      await admin.query(suspend(true, '1'))
      await expect.poll(() => kindOf(directory, 'test1')).toBe('suspended')
      expect(await kindOf(directory)).toBe('member')
    })
    await expect.poll(() => kindOf(directory)).toBe('suspended')
    await admin.query(suspend(false))
    await admin.query(suspend(false, '1'))
  })

  it('serves the cached while the server is down and becomes fresh when it is back', async () => {
    const directory = await directoryOn(reader())
    expect(await kindOf(directory)).toBe('member')
    cluster.stop()
    try {
      await expect.poll(() => directory.away()).toBe(true)
      expect(await kindOf(directory)).toBe('member')
      expect(await kindOf(directory, 'test1')).toBe('database')
      expect(await kindOf(directory, 'stranger')).toBe('database')
    } finally {
      cluster.start()
    }
    cluster.psql(config.database, suspend(true))
    await expect.poll(() => kindOf(directory), { timeout: 10_000 }).toBe('suspended')
    expect(await kindOf(directory, 'stranger')).toBe('unknown')
    // Notifications are heard again, too.
    await admin.query(suspend(false))
    await expect.poll(() => kindOf(directory)).toBe('member')
  })

  it('serves the cached while the server hangs, and recovers', async () => {
    const directory = await directoryOn(reader())
    expect(await kindOf(directory)).toBe('member')
    cluster.signal('SIGSTOP')
    try {
      await expect.poll(() => directory.away(), { timeout: 10_000 }).toBe(true)
      expect(await kindOf(directory)).toBe('member')
      expect(await kindOf(directory, 'test1')).toBe('database')
    } finally {
      cluster.signal('SIGCONT')
    }
    await expect.poll(() => kindOf(directory, 'test1'), { timeout: 10_000 }).toBe('member')
  })

  it('starts without the server and answers the database error until it comes', async () => {
    cluster.stop()
    const db = reader()
    const directory = createDirectory(
      CONFIG,
      { db, clock: { now: () => NOW }, monotonic: () => performance.now(), onEvent: () => {} },
      { ...DIRECTORY_TIMES, pollMs: 20 },
    )
    open.push(directory)
    try {
      expect(await kindOf(directory)).toBe('database')
      expect(directory.ready()).toBe(false)
    } finally {
      cluster.start()
    }
    await expect.poll(() => kindOf(directory), { timeout: 10_000 }).toBe('member')
    expect(directory.ready()).toBe(true)
  })

  it('lets the role of the daemon read what it needs, and write nothing', async () => {
    const db = reader()
    for (const sql of [
      'update vouchd.member set suspended = true',
      'insert into vouchd.change (vo) values (null)',
      'begin; set transaction read write; delete from vouchd.member; commit',
      'select * from vouchd.audit',
    ]) {
      await expect(db.query(sql), sql).rejects.toMatchObject({ kind: 'statement' })
    }
    const other = reader({ user: 'other' })
    await expect(other.query('select * from vouchd.holdings')).rejects.toMatchObject({ sqlState: '42501' })
  })

  it("resolves through a site's own views over its own schema", async () => {
    cluster.psql(
      config.database,
      `create schema site;
       create table site.person (name text primary key, dn text, ca text, banned int, version int default 1);
       insert into site.person values ('zero@site', '/C=IT/O=Test/CN=test0', '/C=IT/O=Test/CN=CA', 0);
       create view site.holdings as
         select 'vo.0'::varchar as vo, dn as subject, ca as issuer, name as member, banned > 0 as suspended,
                'banned' as reason, null::timestamptz as ends_at, g as fqgroup, null as role, false as optional
         from site.person, unnest(array['/vo.0', '/vo.0/site']) g;
       create view site.attributes as
         select 'vo.0' as vo, 'member' as scope, name as member, null as fqgroup, null as role, 'mail' as name, name as value
         from site.person;
       grant usage on schema site to reader; grant select on all tables in schema site to reader`,
    )
    const directory = await directoryOn(reader(), {
      holdingsView: 'site.holdings',
      attributesView: 'site.attributes',
      versionQuery: 'select sum(version) from site.person',
    })
    expect(await look(directory)).toMatchObject({
      member: {
        id: 'zero@site',
        holdings: [{ group: '/vo.0' }, { group: '/vo.0/site' }],
        attributes: [{ name: 'mail', value: 'zero@site' }],
      },
    })
    cluster.psql(config.database, 'update site.person set banned = 1, version = version + 1')
    await expect.poll(() => kindOf(directory)).toBe('suspended')
  })
})
