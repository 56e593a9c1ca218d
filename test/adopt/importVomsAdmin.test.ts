import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ImportOptions, ImportProgress } from '../../src/adopt/importSource.ts'
import { importVomsAdmin } from '../../src/adopt/importVomsAdmin.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openBlankDatabase } from '../store/blankDatabase.ts'

const SMALL = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))
const OLD = fileURLToPath(new URL('../vectors/dumps/vomsAdmin2.sql', import.meta.url))
const REAL = fileURLToPath(new URL('../../../shared/data/voms-testsuite/dump-voms_vo_0.sql', import.meta.url))
// 2026-01-01
const clock = { now: () => 1767225600 }

const folder = mkdtempSync(join(tmpdir(), 'vouchd-import-'))
let db: Database
beforeAll(async () => {
  db = await openBlankDatabase()
  await migrate(db)
})
afterEach(() => db.query('delete from vouchd.vo'))
afterAll(async () => {
  await db.close()
  rmSync(folder, { recursive: true })
})

const run = (file: string, vo: string, options: Partial<ImportOptions> = {}) =>
  importVomsAdmin(file, vo, db, { clock, ...options })

/** The small dump with some text replaced, as a file. */
function changed(...replacements: readonly (readonly [from: string, to: string])[]): string {
  let dump = readFileSync(SMALL, 'latin1')
  for (const [from, to] of replacements) {
    if (!dump.includes(from)) throw new Error(`the dump has no ${from}`)
    dump = dump.replace(from, () => to)
  }
  return written(dump)
}

function written(dump: string): string {
  const file = join(folder, 'changed.sql')
  writeFileSync(file, dump, 'latin1')
  return file
}

/** What the public view says, one text a row: subject, group and role, and why it is refused. */
async function holdings(): Promise<string[]> {
  const rows = await db.query<
    Record<'subject' | 'fqgroup' | 'role' | 'reason', string | null> & { suspended: boolean }
  >('select * from vouchd.holdings where fqgroup is not null or suspended')
  return rows
    .map(({ subject, fqgroup, role, suspended, reason }) => {
      const name = subject?.split('/CN=')[1] ?? subject
      return [name, fqgroup ?? '-', role, suspended ? `suspended: ${reason}` : ''].filter(Boolean).join(' ')
    })
    .sort()
}

const kinds = (result: { findings: readonly { kind: string; count: number }[] }) =>
  Object.fromEntries(result.findings.map(({ kind, count }) => [kind, count]))

describe('the dump of the public test suite', () => {
  it.skipIf(!existsSync(REAL))('imports whole (data/voms-testsuite beside the checkout)', async () => {
    const result = await run(REAL, 'vo.0')
    expect(result.counts).toMatchObject({
      members: 4,
      certificates: 4,
      suspendedCertificates: 1,
      groups: 6,
      roles: 4,
      holdings: 12,
      cas: 89,
    })
    expect(await holdings()).toEqual([
      '(Parenthesis) /vo.0',
      'test0 /vo.0',
      'test0 /vo.0/G1',
      'test0 /vo.0/G1 R1',
      'test0 /vo.0/G2',
      'test0 /vo.0/G2 R1',
      'test0 /vo.0/G2/G3',
      'test1 /vo.0',
      'test1 /vo.0/G1',
      'test1 /vo.0/G1/G4',
      'test1 /vo.0/G1/G4/G5',
      'test1 /vo.0/G2',
      'test2 - suspended: null',
    ])
    // All ends are long past, and refuse nobody.
    const ends = await db.query('select distinct ends_at from vouchd.holdings')
    expect(ends).toEqual([{ ends_at: null }])
    expect(kinds(result)).toEqual({
      'suspended-certificate': 1,
      'suspended-member': 1,
      'membership-ended': 4,
      'member-outside-root': 1,
    })
  })
})

describe('a small dump of schema version 3', () => {
  it('gives members, certificates, holdings and attributes', async () => {
    const result = await run(SMALL, 'small')
    expect(result).toMatchObject({ vo: 'small', dryRun: false, created: true, schemaVersion: 3 })
    expect(result.counts).toEqual({
      members: 6,
      certificates: 6,
      suspendedCertificates: 1,
      groups: 6,
      roles: 1,
      holdings: 7,
      cas: 2,
      attributes: 4,
      otherRows: 4,
    })
    expect(await holdings()).toEqual([
      'Ada /small',
      'Ada /small',
      'Ada /small/G1',
      'Ada /small/G1',
      'Ada /small/G1 R1',
      'Ada /small/G1 R1',
      "Bob/Email=bob@small.example - suspended: key; lost: 'oops'",
      "Bob/Email=bob@small.example /small suspended: key; lost: 'oops'",
      "Bob/Email=bob@small.example /small/gone/deep suspended: key; lost: 'oops'",
      'CN=Zoe,O=Small,C=IT /small/(odd) näme',
      'Sue - suspended: AUP not signed',
      'Zoé /small/(odd) näme',
    ])
  })

  it('keeps what no AC needs', async () => {
    await run(SMALL, 'small')
    const [ada] = await db.query(
      `select source_id, external_id, given_name, surname, institution, address, phone, email, created_at, ends_at, extra
       from vouchd.member where email = 'ada@small.example'`,
    )
    expect(ada).toEqual({
      source_id: '1',
      external_id: '4711',
      given_name: 'Ada',
      surname: "L'Ovelace",
      institution: 'Café \\ Bar',
      address: '1 Road\nTown',
      phone: '+1',
      email: 'ada@small.example',
      created_at: new Date('2024-05-01T10:00:00Z'),
      ends_at: new Date('2025-01-01T00:00:00Z'),
      extra: { vomsAdmin: { dn: '/C=IT/O=Small/CN=Ada', ca: '1' } },
    })
    const groups = await db.query(
      `select path, description, extra from vouchd.vo_group where path in ('/small/G1', '/small/gone')`,
    )
    expect(groups).toEqual(
      expect.arrayContaining([
        { path: '/small/G1', description: 'first', extra: { vomsAdmin: { gid: '2', must: true } } },
        { path: '/small/gone', description: null, extra: { vomsAdmin: {} } },
      ]),
    )
    const rows = await db.query(
      `select table_name, row_key, data from vouchd.imported_row where table_name <> 'ca' order by row_key`,
    )
    expect(rows).toEqual([
      {
        table_name: 'acl2',
        row_key: '1',
        data: { acl_id: '1', group_id: '1', defaultACL: false, role_id: null },
      },
      {
        table_name: 'acl2',
        row_key: '2',
        data: { acl_id: '2', group_id: '2', defaultACL: true, role_id: '1' },
      },
    ])
    const attributes = await db.query(
      'select scope, fqgroup, role, name, value from vouchd.attributes order by value',
    )
    expect(attributes).toEqual([
      { scope: 'role', fqgroup: '/small/G1', role: 'R1', name: 'quota', value: '' },
      { scope: 'group', fqgroup: '/small/G1', role: null, name: 'quota', value: '10 GB' },
      { scope: 'member', fqgroup: null, role: null, name: 'nickname', value: 'ada;1' },
      { scope: 'member', fqgroup: null, role: null, name: 'nickname', value: 'bob' },
    ])
  })

  it('reports everything that needs a look or a decision', async () => {
    const result = await run(SMALL, 'small')
    const examples = Object.fromEntries(result.findings.map(({ kind, examples }) => [kind, examples]))
    expect(examples).toEqual({
      'suspended-certificate': ["/C=IT/O=Small/CN=Bob/Email=bob@small.example: key; lost: 'oops'"],
      'suspended-member': ['sue@small.example: AUP not signed'],
      'suspended-member-active-certificate': ['/C=IT/O=Small/CN=Sue'],
      'membership-ended': ['/C=IT/O=Small/CN=Ada: 2025-01-01'],
      'member-outside-root': ['none@small.example', 'sue@small.example', 'zoe@small.example'],
      'member-without-certificate': ['none@small.example'],
      'duplicate-email': ['shared@small.example: 2 members'],
      'unconvertible-dn': ['CN=Zoe,O=Small,C=IT'],
      'subject-of-two-issuers': ['/C=IT/O=Small/CN=Ada: 2 certificates'],
      'certificate-spelled-twice': ['/C=IT/O=Small/CN=Bob/Email=bob@small.example: 2 rows'],
      'certificate-of-two-members': ['/C=IT/O=Small/CN=Eve/UID=eve: 2 members'],
      'unknown-ca': ['/C=IT/O=Small/CN=Nobody'],
      'holding-of-nothing': ['member 1, group 1, role 99', 'member 1, group 99', 'member 99, group 1'],
      'group-left-out': ['/other'],
      'group-added': ['/small/gone'],
      'role-left-out': ['"a/b"'],
      'name-characters': ['/small/(odd) näme'],
      'role-named-as-group': ['/small/G1/R1 and role R1'],
    })
    for (const { meaning } of result.findings) expect(meaning).toMatch(/^[A-Z].*\.$/)
  })

  it('may leave suspended members to their certificates', async () => {
    await run(SMALL, 'small', { decisions: { 'suspended-member': 'certificates' } })
    expect((await holdings()).filter(row => row.includes('suspended'))).toHaveLength(3)
    expect((await holdings()).some(row => row.startsWith('Sue'))).toBe(false)
  })

  it('tells a suspended member the reason of the certificate, where it has one', async () => {
    const certificate = "'/C=IT/O=Small/CN=Sue','\\0',NULL"
    await run(changed([certificate, certificate.replace("'\\0',NULL", "'\x01','key lost'")]), 'small')
    expect(await holdings()).toContain('Sue - suspended: key lost')
  })

  it('tells how far it is', async () => {
    const seen: ImportProgress[] = []
    await run(SMALL, 'small', { onProgress: progress => seen.push(progress) })
    const { length } = readFileSync(SMALL)
    expect(seen.map(({ phase }) => phase)).toEqual(['reading', 'comparing', 'writing'])
    expect(seen.at(-1)).toEqual({
      phase: 'writing',
      source: { done: length, total: length, unit: 'bytes' },
      rows: 48,
    })
  })
})

describe('a dump of schema version 2 in latin1', () => {
  it('gives one certificate a member, nobody suspended', async () => {
    const result = await run(OLD, 'old')
    expect(result).toMatchObject({
      schemaVersion: 2,
      counts: { members: 1, certificates: 1, holdings: 2 },
      findings: [],
    })
    expect(await holdings()).toEqual(['Jörg /old', 'Jörg /old/G1 R1'])
    const [certificate] = await db.query('select subject, issuer from vouchd.certificate')
    expect(certificate).toEqual({ subject: '/C=DE/O=Old/CN=Jörg', issuer: '/C=DE/O=Old/CN=CA' })
    const [member] = await db.query('select email, extra from vouchd.member')
    expect(member).toEqual({
      email: 'joerg@old.example',
      extra: { vomsAdmin: { cn: 'Jörg €', dn: '/C=DE/O=Old/CN=Jörg', ca: '1' } },
    })
    const [ca] = await db.query(`select description from vouchd.ca where subject = '/C=DE/O=Old/CN=CA'`)
    expect(ca).toEqual({ description: 'the Käse CA' })
  })
})

describe('an import again', () => {
  const untouched = (result: Awaited<ReturnType<typeof run>>) =>
    Object.values(result.changes).every(
      ({ inserted, updated, deleted }) => inserted + updated + deleted === 0,
    )

  it('of the same file changes nothing', async () => {
    await run(SMALL, 'small')
    const before = await db.query('select count(*) from vouchd.audit')
    const again = await run(SMALL, 'small')
    expect(again.created).toBe(false)
    expect(untouched(again)).toBe(true)
    expect(await db.query('select count(*) from vouchd.audit')).toEqual(before)
  })

  it('of a newer file follows it: suspension, moves, removals', async () => {
    await run(SMALL, 'small')
    const newer = changed(
      ["'/C=IT/O=Small/CN=Ada','\\0',NULL,NULL,1,1", "'/C=IT/O=Small/CN=Ada','\x01','stolen','OTHER',1,1"],
      ["(2,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Ada','\\0',NULL,NULL,2,1),\n", ''],
      ["'10 GB',2,2", "'20 GB',2,2"],
      [',(4,2,1,1)', ''],
      ["'ada@small.example'", "'ada@new.example'"],
      ["(1,'R1'),", ''],
      ["('ada;1',1,1),", ''],
      [",(6,NULL,'\x01','/small/G1/R1','\\0',2)", ''],
    )
    const result = await run(newer, 'small')
    expect(result.changes).toMatchObject({
      certificate: { inserted: 0, updated: 1, deleted: 1 },
      holding: { inserted: 0, updated: 0, deleted: 1 },
      member: { inserted: 0, updated: 1, deleted: 0 },
      role: { inserted: 0, updated: 0, deleted: 1 },
      vo_group: { inserted: 0, updated: 0, deleted: 1 },
      member_attribute: { deleted: 1 },
      group_attribute: { updated: 1 },
    })
    expect((await holdings()).filter(row => row.startsWith('Ada'))).toEqual([
      'Ada - suspended: stolen',
      'Ada /small suspended: stolen',
      'Ada /small/G1 suspended: stolen',
    ])
    // And back again.
    await run(SMALL, 'small')
    expect((await holdings()).filter(row => row.startsWith('Ada'))).toHaveLength(6)
  })

  it('removes members who are gone, and leaves alone what was made here', async () => {
    await run(SMALL, 'small')
    await db.query(
      `with m as (insert into vouchd.member (vo_id, surname) select id, 'Local' from vouchd.vo returning id, vo_id),
            g as (insert into vouchd.vo_group (vo_id, path) select id, '/small/local' from vouchd.vo returning id)
       insert into vouchd.holding (vo_id, member_id, group_id) select m.vo_id, m.id, g.id from m, g`,
    )
    const rows = "(6,NULL,'2024-05-01 10:00:00',NULL,'none@"
    const dump = readFileSync(SMALL, 'latin1')
    const start = dump.indexOf(`,\n  ${rows}`)
    const file = written(dump.slice(0, start) + dump.slice(dump.indexOf(')', start) + 1))
    expect((await run(file, 'small')).changes['member']).toEqual({ inserted: 0, updated: 0, deleted: 1 })
    const local = await db.query(
      `select path from vouchd.holding h join vouchd.member m on m.id = h.member_id
       join vouchd.vo_group g on g.id = h.group_id where surname = 'Local'`,
    )
    expect(local).toEqual([{ path: '/small/local' }])
  })

  it('leaves a certificate with the local member who has it', async () => {
    await run(
      changed(["(1,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Ada','\\0',NULL,NULL,1,1),\n", '']),
      'small',
    )
    await db.query(
      `with m as (insert into vouchd.member (vo_id, surname) select id, 'Local' from vouchd.vo returning id, vo_id)
       insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
       select m.vo_id, m.id, c.subject, c.subject_key, '/C=IT/O=Small/CN=CA', a.subject_key
       from m, vouchd.certificate c, vouchd.ca a where c.subject = '/C=IT/O=Small/CN=Ada' and a.subject = '/C=IT/O=Small/CN=CA'`,
    )
    const result = await run(SMALL, 'small')
    expect(result.findings.find(({ kind }) => kind === 'certificate-of-local-member')?.examples).toEqual([
      '/C=IT/O=Small/CN=Ada',
    ])
    const owners = await db.query(
      `select surname from vouchd.certificate c join vouchd.member m on m.id = c.member_id
       where c.subject = '/C=IT/O=Small/CN=Ada' order by surname`,
    )
    expect(owners).toEqual([{ surname: "L'Ovelace" }, { surname: 'Local' }])
    expect(untouched(await run(SMALL, 'small'))).toBe(true)
  })

  it('keeps the setting of the VO', async () => {
    await run(SMALL, 'small')
    expect(await db.query('select enforce_end_dates from vouchd.vo')).toEqual([{ enforce_end_dates: false }])
    await db.query('update vouchd.vo set enforce_end_dates = true')
    await run(SMALL, 'small')
    expect(await db.query('select enforce_end_dates from vouchd.vo')).toEqual([{ enforce_end_dates: true }])
  })
})

describe('a dry run', () => {
  it('says what would be done, and does nothing', async () => {
    const dry = await run(SMALL, 'small', { dryRun: true })
    expect(await db.query('select * from vouchd.vo')).toEqual([])
    const real = await run(SMALL, 'small')
    expect({ ...dry, dryRun: false }).toEqual(real)
  })
})

describe('a dump that is refused', () => {
  const refused = async (file: string, vo: string, error: object) => {
    await expect(run(file, vo)).rejects.toThrow(expect.objectContaining(error))
    expect(await db.query('select * from vouchd.vo')).toEqual([])
  }

  it.each([0, 1, 200, 5000, -200, -60])('because it is cut off at byte %i', async at => {
    await refused(written(readFileSync(SMALL, 'latin1').slice(0, at)), 'small', { code: 'DUMP_CUT_OFF' })
  })

  it('because it is of another VO', async () => {
    await refused(SMALL, 'vo.0', {
      code: 'IMPORT_OTHER_VO',
      message: 'the database has no group /vo.0; its root group is /other, /small',
    })
  })

  it.each([
    { code: 'IMPORT_VERSION', from: "(3,'6')", to: "(4,'6')" },
    { code: 'IMPORT_OTHER_PROGRAM', from: 'CREATE TABLE `m` (', to: 'CREATE TABLE `mm` (' },
    { code: 'IMPORT_VALUE', from: "'2025-01-01 00:00:00'", to: "'2025-02-30 00:00:00'" },
    { code: 'IMPORT_VALUE', from: "'2025-01-01 00:00:00'", to: "'tomorrow'" },
    { code: 'IMPORT_VALUE', from: '`subject_string` varchar(255)', to: '`subject` varchar(255)' },
    { code: 'IMPORT_VALUE', from: "(1,'R1')", to: '(1,NULL)' },
    { code: 'IMPORT_VALUE', from: "(1,'R1')", to: "('one','R1')" },
    { code: 'DUMP_VALUE', from: "(1,'R1')", to: '(one,1)' },
    { code: 'DUMP_CHARSET', from: 'Caf\xc3\xa9', to: 'Caf\xe9' },
    { code: 'DUMP_CHARSET', from: 'SET NAMES utf8mb4', to: 'SET NAMES sjis' },
  ])('with $code: $to', async ({ code, from, to }) => {
    const file = from.includes('CREATE')
      ? changed([from, to], ['INSERT INTO `m` VALUES', 'SELECT'])
      : changed([from, to])
    await refused(file, 'small', { code })
  })

  it('because it is no file', async () => {
    await refused(join(folder, 'nowhere.sql'), 'small', { code: 'ENOENT' })
    await refused(folder, 'small', { code: 'EISDIR' })
  })

  it('and an earlier import stays as it was', async () => {
    await run(SMALL, 'small')
    const before = await holdings()
    const broken = written(readFileSync(SMALL, 'latin1').slice(0, -60))
    await expect(run(broken, 'small')).rejects.toThrow(expect.objectContaining({ code: 'DUMP_CUT_OFF' }))
    expect(await holdings()).toEqual(before)
  })
})

describe('text that PostgreSQL cannot hold', () => {
  it('has its NULs replaced', async () => {
    await run(changed(["'+1'", "'+\\01'"]), 'small')
    expect(await db.query(`select phone from vouchd.member where source_id = '1'`)).toEqual([
      { phone: '+\ufffd1' },
    ])
  })
})
