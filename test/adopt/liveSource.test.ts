import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addRole } from '../../src/admin/roles.ts'
import { openDump } from '../../src/adopt/dumpSource.ts'
import { endFollow } from '../../src/adopt/endFollow.ts'
import { createFollower, type Follower } from '../../src/adopt/follower.ts'
import type { FollowTurn } from '../../src/adopt/followSource.ts'
import { IAM } from '../../src/adopt/iam.ts'
import { importSource } from '../../src/adopt/importSource.ts'
import type { MysqlAddress } from '../../src/adopt/mysqlAddress.ts'
import { openMysql } from '../../src/adopt/mysqlDatabase.ts'
import type { RowSource } from '../../src/adopt/RowSource.ts'
import type { SourceKind } from '../../src/adopt/SourceKind.ts'
import { VOMS_ADMIN } from '../../src/adopt/vomsAdmin.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { type MariaDb, startMariaDb } from '../interop/mariadb.ts'
import { missing } from '../interop/programs.ts'
import { openBlankDatabase } from '../store/blankDatabase.ts'

const DUMPS = fileURLToPath(new URL('../../../shared/data/voms-testsuite/', import.meta.url))
const VOMS = join(DUMPS, 'dump-voms_vo_0.sql')
const SMALL_VOMS = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))
const OLD_VOMS = fileURLToPath(new URL('../vectors/dumps/vomsAdmin2.sql', import.meta.url))
const SMALL_IAM = fileURLToPath(new URL('../vectors/dumps/iam.sql', import.meta.url))
const clock = { now: () => Date.UTC(2026, 0, 1) / 1000 }

const why =
  missing(['mariadbd', 'mariadb-install-db']) ??
  (existsSync(VOMS) ? undefined : 'no data to import: ../shared/data')

describe.skipIf(why !== undefined)(`a live MariaDB${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let folder: string
  let maria: MariaDb
  let db: Database
  let followers: Follower[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vouchd-live-'))
    maria = await startMariaDb(folder, VOMS)
    await maria.load('iam2', join(DUMPS, 'dump-voms_vo_2.sql'))
    await maria.load('small', SMALL_VOMS)
    await maria.load('old', OLD_VOMS)
    await maria.load('iam', SMALL_IAM)
    db = await openBlankDatabase()
    await migrate(db)
  }, 120_000)
  afterEach(async () => {
    for (const follower of followers) await follower.close()
    followers = []
    await db.query('delete from vouchd.vo')
  })
  afterAll(async () => {
    await db?.close()
    await maria?.stop()
    if (folder) rmSync(folder, { recursive: true })
  })

  const address = (database: string): MysqlAddress => ({
    ...{ host: 'localhost', port: 3306, socket: maria.socket, database },
    ...{ user: maria.user, password: maria.password, tls: 'off' },
  })

  async function importLive(
    database: string,
    kind: SourceKind,
    vo: string,
    change?: (source: RowSource) => RowSource,
  ) {
    const live = await openMysql(address(database))
    try {
      await live.snapshot()
      const tables = [...live.tables.keys()].filter(kind.keeps)
      const source = live.source(tables.map(table => ({ table })))
      return await importSource(change?.(source) ?? source, kind, vo, db, { clock })
    } finally {
      live.close()
    }
  }

  function follow(database: string, kind: SourceKind, vo: string): Follower {
    const follower = createFollower(
      { kind, vo, address: () => address(database), everySeconds: 1 },
      { db, clock, monotonic: () => performance.now(), onTurn: () => {}, onFailed: () => {} },
    )
    followers.push(follower)
    return follower
  }

  /** Everything of a VO that does not count from 1 up. */
  async function content(): Promise<unknown> {
    const holdings = await db.query('select * from vouchd.holdings order by subject, fqgroup, role')
    const members = await db.query(
      'select source_id, email, ends_at, suspended, extra from vouchd.member order by 1',
    )
    const rows = await db.query('select table_name, row_key, data from vouchd.imported_row order by 1, 2')
    const all = { holdings: holdings.map(({ member, ...rest }) => rest), members, rows }
    // What MariaDB's latin1 cannot hold it takes as a question mark.
    return JSON.parse(JSON.stringify(all).replaceAll('😀', '?'))
  }

  const changesOf = ({ changes }: FollowTurn) =>
    Object.fromEntries(
      Object.entries(changes)
        .filter(([, c]) => c.inserted + c.updated + c.deleted > 0)
        .map(([table, c]) => [table, [c.inserted, c.updated, c.deleted]]),
    )

  it.each([
    ['vo_0', VOMS_ADMIN, 'vo.0', VOMS],
    ['small', VOMS_ADMIN, 'small', SMALL_VOMS],
    ['old', VOMS_ADMIN, 'old', OLD_VOMS],
    ['iam2', IAM, 'vo.2', join(DUMPS, 'dump-voms_vo_2.sql')],
    ['iam', IAM, 'small', SMALL_IAM],
  ] as const)('gives of %s what its dump gives', async (database, kind, vo, dump) => {
    const live = await importLive(database === 'vo_0' ? maria.database : database, kind, vo)
    const fromLive = await content()
    await db.query('delete from vouchd.vo')
    const dumped = await importSource(await openDump(dump), kind, vo, db, { clock })
    expect(await content()).toEqual(fromLive)
    const plain = (result: typeof live) => ({
      counts: result.counts,
      changes: { ...result.changes, ca: undefined },
      findings: result.findings.filter(({ kind }) => kind !== 'table-left-out'),
    })
    expect(plain(live)).toEqual(plain(dumped))
  })

  it('is followed: nothing, then one suspension, a new member, a new group, a removal', async () => {
    const follower = follow(maria.database, VOMS_ADMIN, 'vo.0')
    expect((await follower.look()).kind).toBe('everything')
    const [vo] = await db.query('select followed_from from vouchd.vo')
    expect(vo).toEqual({ followed_from: `mysql://voms@${maria.socket}/voms` })
    const unchanged = async () => expect((await follower.look()).kind).toBe('unchanged')
    await unchanged()

    await maria.sql(
      `UPDATE certificate SET suspended = b'1', suspended_reason = 'key lost' WHERE subject_string LIKE '%test0'`,
    )
    const suspended = await follower.look()
    expect([suspended.kind, changesOf(suspended)]).toEqual(['members', { certificate: [0, 1, 0] }])
    const [row] = await db.query(
      `select suspended, reason from vouchd.holdings where subject like '%test0' and fqgroup is null`,
    )
    expect(row).toEqual({ suspended: true, reason: 'key lost' })
    await unchanged()

    await maria.sql(`
      INSERT INTO usr (userid, creation_time, dn, end_time, email_address, suspended) VALUES (5000, NOW(), '/C=IT/CN=new', NOW(), 'new@x', b'0');
      INSERT INTO certificate (creation_time, subject_string, suspended, ca_id, usr_id) SELECT NOW(), '/C=IT/CN=new', b'0', MIN(ca_id), 5000 FROM certificate;
      INSERT INTO m (gid, rid, userid) VALUES (1, NULL, 5000)`)
    const joined = await follower.look()
    expect([joined.kind, changesOf(joined)]).toEqual([
      'members',
      { member: [1, 0, 0], certificate: [1, 0, 0], holding: [1, 0, 0] },
    ])

    await maria.sql(`
      INSERT INTO \`groups\` (gid, must, dn, restricted, parent) VALUES (99, b'1', '/vo.0/new', b'0', 1);
      INSERT INTO m (gid, rid, userid) VALUES (99, NULL, 5000)`)
    const grouped = await follower.look()
    expect([grouped.kind, changesOf(grouped)]).toEqual([
      'members',
      { vo_group: [1, 0, 0], holding: [1, 0, 0] },
    ])

    await maria.sql(`UPDATE \`groups\` SET dn = '/vo.0/other' WHERE gid = 99`)
    const renamed = await follower.look()
    expect([renamed.kind, changesOf(renamed)]).toEqual([
      'everything',
      { vo_group: [1, 0, 1], holding: [1, 0, 1] },
    ])

    await maria.sql(`
      DELETE FROM m WHERE userid = 5000; DELETE FROM certificate WHERE usr_id = 5000; DELETE FROM usr WHERE userid = 5000;
      DELETE FROM \`groups\` WHERE gid = 99;
      UPDATE certificate SET suspended = b'0', suspended_reason = NULL WHERE subject_string LIKE '%test0'`)
    const back = await follower.look()
    expect(back.kind).toBe('members')
    await unchanged()
    const mirrored = (await content()) as { holdings: unknown }
    await db.query('delete from vouchd.vo')
    await importSource(await openDump(VOMS), VOMS_ADMIN, 'vo.0', db, { clock })
    expect(mirrored.holdings).toEqual(((await content()) as { holdings: unknown }).holdings)
  })

  it('is followed by the next process from where the last one was', async () => {
    await follow(maria.database, VOMS_ADMIN, 'vo.0').look()
    expect((await follow(maria.database, VOMS_ADMIN, 'vo.0').look()).kind).toBe('unchanged')
  })

  it('reads everything when a certificate goes from one member to another', async () => {
    const follower = follow(maria.database, VOMS_ADMIN, 'vo.0')
    await maria.sql(
      `INSERT INTO usr (userid, creation_time, dn, email_address, end_time, suspended) VALUES (9000, NOW(), '/C=IT/CN=far', 'far@x', NOW(), b'0')`,
    )
    await follower.look()
    await maria.sql(`UPDATE certificate SET usr_id = 9000 WHERE subject_string LIKE '%test1'`)
    const moved = await follower.look()
    expect(changesOf(moved)).toEqual({ certificate: [0, 1, 0] })
    const [row] = await db.query(
      `select m.source_id from vouchd.certificate c join vouchd.member m on m.id = c.member_id where c.subject like '%test1'`,
    )
    expect(row).toEqual({ source_id: '9000' })
    await maria.sql(
      `UPDATE certificate SET usr_id = 2 WHERE usr_id = 9000; DELETE FROM usr WHERE userid = 9000`,
    )
    await follower.look()
    expect((await follower.look()).kind).toBe('unchanged')
  })

  it('keeps everybody else from changing the VO, until that ends', async () => {
    const follower = follow(maria.database, VOMS_ADMIN, 'vo.0')
    await follower.look()
    const add = () => addRole(db, { actor: 'root' }, 'vo.0', 'Shifter')
    await expect(add()).rejects.toMatchObject({ code: 'ADMIN_FOLLOWED' })
    await expect(importSource(await openDump(VOMS), VOMS_ADMIN, 'vo.0', db, { clock })).rejects.toMatchObject(
      { code: 'IMPORT_FOLLOWED' },
    )
    expect(await db.transaction(tx => endFollow(tx, 'vo.0'))).toBe(`mysql://voms@${maria.socket}/voms`)
    await add()
  })

  it('is followed as IAM: labels, and signatures of the policy', async () => {
    const follower = follow('iam', IAM, 'small')
    expect((await follower.look()).kind).toBe('everything')
    await maria.sql(`USE iam; UPDATE iam_account SET last_login_time = NOW()`).catch(() => {})
    expect((await follower.look()).kind).toBe('unchanged')
    await maria.sql(
      `USE iam; UPDATE iam_aup_signature SET signature_time = '2025-08-01 00:00:00' WHERE account_id = 2`,
    )
    expect(changesOf(await follower.look())).toEqual({ aup_signature: [0, 1, 0] })
    await maria.sql(`USE iam; INSERT INTO iam_group_labels VALUES ('wlcg.optional-group', NULL, NULL, 2)`)
    expect(changesOf(await follower.look())).toEqual({ vo_group: [0, 1, 0] })
    await maria.sql(`USE iam; DELETE FROM iam_group_labels WHERE group_id = 2 AND NAME = 'wlcg.optional-group';
      UPDATE iam_aup_signature SET signature_time = '2025-05-01 00:00:00' WHERE account_id = 2`)
  })

  /** A source that something happens to when three batches of it were read. */
  const interrupted =
    (happens: () => Promise<unknown>) =>
    (source: RowSource): RowSource => ({
      ...source,
      progress: source.progress,
      tables: source.tables,
      async *rows() {
        let batches = 0
        for await (const batch of source.rows()) {
          yield batch
          if (++batches === 3) await happens()
        }
      },
    })

  it('that goes away in the middle leaves nothing half done, and the next run completes it', async () => {
    const breaking = interrupted(() =>
      maria
        .sql(`SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'voms'`)
        .then(kills => maria.sql(kills)),
    )
    await expect(importLive(maria.database, VOMS_ADMIN, 'vo.0', breaking)).rejects.toMatchObject({
      code: 'SOURCE_LOST',
    })
    expect(await db.query('select * from vouchd.vo')).toEqual([])
    expect((await importLive(maria.database, VOMS_ADMIN, 'vo.0')).counts).toMatchObject({
      members: 4,
      holdings: 12,
    })
  })

  it('that ends the connection between two looks is connected to again', async () => {
    const follower = follow(maria.database, VOMS_ADMIN, 'vo.0')
    await follower.look()
    const kills = await maria.sql(
      `SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'voms'`,
    )
    await maria.sql(kills)
    await expect(follower.look()).rejects.toMatchObject({ code: 'SOURCE_LOST' })
    expect((await follower.look()).kind).toBe('unchanged')
  })

  it('that is killed in the middle leaves nothing half done, and the next run completes it', async () => {
    const killing = interrupted(() => maria.kill())
    await expect(importLive(maria.database, VOMS_ADMIN, 'vo.0', killing)).rejects.toMatchObject({
      code: 'SOURCE_LOST',
      message: expect.stringMatching(/^mysql:.*ended the connection/),
    })
    expect(await db.query('select * from vouchd.vo')).toEqual([])
    await expect(importLive(maria.database, VOMS_ADMIN, 'vo.0')).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
    })
    await maria.restart()
    expect((await importLive(maria.database, VOMS_ADMIN, 'vo.0')).counts).toMatchObject({
      members: 4,
      holdings: 12,
    })
  })

  it.each<[string, Partial<MysqlAddress>, string, RegExp]>([
    ['nobody', { socket: '/nowhere.sock' }, 'SOURCE_UNREACHABLE', /does not answer/],
    ['a wrong password', { password: 'wrong' }, 'SOURCE_REFUSED', /using password: YES\)$/],
    ['no password', { password: undefined }, 'SOURCE_REFUSED', /it wants a password \(--password-file/],
    ['no such database', { database: 'none' }, 'SOURCE_REFUSED', /none/],
  ])('says so when there is %s', async (_name, change, code, message) => {
    await expect(openMysql({ ...address(maria.database), ...change })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it('is refused when it is another program’s', async () => {
    await expect(importLive('iam', VOMS_ADMIN, 'small')).rejects.toMatchObject({
      code: 'IMPORT_OTHER_PROGRAM',
    })
  })
})
