import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openDump } from '../../src/adopt/dumpSource.ts'
import { IAM } from '../../src/adopt/iam.ts'
import { type ImportOptions, importSource } from '../../src/adopt/importSource.ts'
import { importVomsAdmin } from '../../src/adopt/importVomsAdmin.ts'
import { createDirectory } from '../../src/resolve/directory.ts'
import { resolve } from '../../src/resolve/resolve.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { holderNames } from '../resolve/holderNames.ts'
import { openBlankDatabase } from '../store/blankDatabase.ts'

const SMALL = fileURLToPath(new URL('../vectors/dumps/iam.sql', import.meta.url))
const VOMS = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))
const REAL = fileURLToPath(new URL('../../../shared/data/voms-testsuite/dump-voms_vo_2.sql', import.meta.url))
const NOW = Date.UTC(2026, 0, 1) / 1000
const clock = { now: () => NOW }

const folder = mkdtempSync(join(tmpdir(), 'vouchd-iam-'))
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

const run = async (file: string, vo: string, options: Partial<ImportOptions> = {}) =>
  importSource(await openDump(file), IAM, vo, db, { clock, ...options })

function changed(...replacements: readonly (readonly [from: string, to: string])[]): string {
  let dump = readFileSync(SMALL, 'utf8')
  for (const [from, to] of replacements) {
    if (!dump.includes(from)) throw new Error(`the dump has no ${from}`)
    dump = dump.replace(from, () => to)
  }
  const file = join(folder, 'changed.sql')
  writeFileSync(file, dump)
  return file
}

/** What a request comes to, by the daemon's own look-up and resolution. */
async function ask(vo: string, subject: string, issuer: string, commands: readonly string[]) {
  const directory = createDirectory(
    {
      ...{ holdingsView: 'vouchd.holdings', attributesView: 'vouchd.attributes', versionQuery: undefined },
      ...{ cacheMembers: 0, cacheSeconds: 0, graceSeconds: 0 },
    },
    { db, clock, monotonic: () => 0, onEvent: () => {} },
  )
  try {
    const lookup = await directory.lookup(vo, holderNames(subject, issuer), false)
    const parsed = commands.map(text => {
      const [group, role] = text.split('/Role=')
      return role === undefined
        ? ({ kind: 'group', group: group!, text } as const)
        : ({ kind: 'groupRole', group: group!, role, text } as const)
    })
    const request = {
      protocol: 'rest',
      ...{ commands: parsed, order: undefined, targets: [] },
      ...{ lifetimeSeconds: undefined, base64: true, unknownParameters: false },
    } as const
    const options = { vo, uri: 'h:1', fqanForm: 'short', maxLifetimeSeconds: 3600 } as const
    return resolve(lookup, request, new Set(), options, NOW, 3600, [])
  } finally {
    await directory.close()
  }
}

describe('the dump of the public test suite', () => {
  it.skipIf(!existsSync(REAL))('imports whole, and test0 gets what IAM gave him', async () => {
    const result = await run(REAL, 'vo.2')
    expect(result).toMatchObject({ resolution: 'iam', schemaVersion: 105 })
    expect(result.counts).toMatchObject({ members: 254, certificates: 2, groups: 4, roles: 1, holdings: 7 })
    const test0 = (...commands: string[]) =>
      ask('vo.2', '/C=IT/O=IGI/CN=test0', '/C=IT/O=IGI/CN=Test CA', commands)
    const groups = ['/vo.2', '/vo.2/G1', '/vo.2/G2', '/vo.2/G2/G3']
    expect((await test0('/vo.2')).fqans).toEqual(groups)
    expect((await test0('/vo.2/G1/Role=R1')).fqans).toEqual(['/vo.2/G1/Role=R1', ...groups])
    expect((await test0('/vo.2/Role=R1', '/vo.2/G2')).fqans).toEqual([
      ...['/vo.2/Role=R1', '/vo.2/G2', '/vo.2', '/vo.2/G1', '/vo.2/G2/G3'],
    ])
    await expect(test0('/vo.2/G1/R1')).rejects.toMatchObject({ code: 'unsatisfiable' })
    await expect(
      ask('vo.2', '/C=IT/O=IGI/CN=test2', '/C=IT/O=IGI/CN=Test CA', ['/vo.2']),
    ).rejects.toMatchObject({ code: 'suspended' })
  })
})

describe('a small database of IAM', () => {
  it('gives members, certificates in slash form, groups, roles and attributes', async () => {
    const result = await run(SMALL, 'small')
    expect(result.counts).toMatchObject({
      ...{ members: 4, certificates: 6, suspendedCertificates: 0, groups: 5, roles: 1 },
      ...{ holdings: 7, cas: 2, attributes: 2 },
    })
    const rows = await db.query(
      `select subject, issuer, fqgroup, role, optional from vouchd.holdings
       where name is null and not suspended and issuer not like '%Other%' order by subject, fqgroup, role nulls first`,
    )
    expect(rows.map(row => Object.values(row).join(' | '))).toEqual([
      '/C=IT/O=Small/CN=Ada | /C=IT/O=Small/CN=CA | /small |  | false',
      '/C=IT/O=Small/CN=Ada | /C=IT/O=Small/CN=CA | /small | R1 | false',
      '/C=IT/O=Small/CN=Ada | /C=IT/O=Small/CN=CA | /small/G1 |  | false',
      '/C=IT/O=Small/CN=Ada | /C=IT/O=Small/CN=CA | /small/G1 | R1 | false',
      '/C=IT/O=Small/CN=Ada | /C=IT/O=Small/CN=CA | /small/opt |  | true',
      '/C=IT/O=Small/CN=Bob | /C=IT/O=Small/CN=CA | /small |  | false',
      ...['', 'R1'].map(
        role =>
          `/C=IT/O=Small/OU=a\\/b/CN=Ada, Countess/emailAddress=ada@example.com | /C=IT/O=Small/CN=CA | /small | ${role} | false`,
      ),
      ...['', 'R1'].map(
        role =>
          `/C=IT/O=Small/OU=a\\/b/CN=Ada, Countess/emailAddress=ada@example.com | /C=IT/O=Small/CN=CA | /small/G1 | ${role} | false`,
      ),
      '/C=IT/O=Small/OU=a\\/b/CN=Ada, Countess/emailAddress=ada@example.com | /C=IT/O=Small/CN=CA | /small/opt |  | true',
    ])
    const [ada] = await db.query(
      `select source_id, username, given_name, surname, email, created_at, suspended, extra from vouchd.member where username = 'ada'`,
    )
    expect(ada).toEqual({
      ...{ source_id: 'uuid-ada', username: 'ada', given_name: 'Ada', surname: 'Lovelace', suspended: false },
      ...{ email: 'ada@small.example', created_at: new Date('2024-01-01T00:00:00Z') },
      extra: {
        iam: {
          ...{ accountId: '1', NICKNAME: 'al' },
          labels: [
            { prefix: 'voms.other', name: 'id', value: '2' },
            { prefix: 'voms.small', name: 'id', value: '1' },
          ],
        },
      },
    })
    expect(await db.query('select name, value, scope from vouchd.attributes order by name')).toEqual([
      { name: 'empty', value: '', scope: 'member' },
      { name: 'nickname', value: 'ada', scope: 'member' },
    ])
  })

  it('keeps policies, group managers, requests and group attributes, and no secret', async () => {
    await run(SMALL, 'small')
    expect(
      await db.query(
        'select principal, authority, g.path from vouchd.acl join vouchd.vo_group g on g.id = group_id order by 1',
      ),
    ).toEqual([
      { principal: 'ada', authority: 'ROLE_ADMIN', path: '/small' },
      { principal: 'bob', authority: 'ROLE_GM:g-g1', path: '/small/G1' },
    ])
    expect(
      await db.query(
        'select a.name, validity_days, url, effective_from, active from vouchd.aup a join vouchd.aup_version v on v.aup_id = a.id',
      ),
    ).toEqual([
      {
        ...{ name: 'default-aup', validity_days: 365, url: 'https://small.example/aup', active: true },
        effective_from: new Date('2025-06-01T00:00:00Z'),
      },
    ])
    expect(await db.query('select kind, status, fqgroup, reason, requester from vouchd.request')).toEqual([
      {
        ...{ kind: 'group', status: 'PENDING', fqgroup: '/small/G1', reason: 'please' },
        requester: { account: 'uuid-bob', username: 'bob' },
      },
    ])
    const kept = JSON.stringify(
      await db.query(
        `select to_jsonb(t) from vouchd.imported_row t union all select to_jsonb(t) from vouchd.member t
         union all select to_jsonb(t) from vouchd.certificate t`,
      ),
    )
    expect(kept).toContain('"quota"')
    for (const secret of ['hunter2', 'reset-me', 'totp-secret', 'bearer-me'])
      expect(kept).not.toContain(secret)
  })

  it('reports what needs a look or a decision', async () => {
    const result = await run(SMALL, 'small')
    const examples = Object.fromEntries(result.findings.map(({ kind, examples }) => [kind, examples]))
    expect(examples).toEqual({
      'suspended-member': ['ina@small.example: the account is not active'],
      'membership-ended': ['shared@small.example: 2025-01-01'],
      'holding-ended': ['ada@small.example, /small/G1: 2025-01-01'],
      'member-outside-root': ['shared@small.example'],
      'duplicate-email': ['shared@small.example: 2 members'],
      'unconvertible-dn': ['no DN at all'],
      'group-left-out': ['/Elsewhere'],
      'group-added': ['/small/G1/R1'],
      'role-named-as-group': ['/small/G1/R1 and role R1'],
      'subject-of-two-issuers': ['/C=IT/O=Small/CN=Ada: 2 certificates'],
      'aup-not-signed': ['bob', 'ina', 'zoe'],
      'table-left-out': ['access_token: 1 rows', 'iam_totp_mfa: 1 rows'],
    })
  })

  it('refuses whoever has not signed the policy since its last change', async () => {
    await run(SMALL, 'small')
    const ca = '/C=IT/O=Small/CN=CA'
    expect((await ask('small', '/C=IT/O=Small/CN=Ada', ca, ['/small'])).fqans).toEqual([
      '/small',
      '/small/G1',
    ])
    await expect(ask('small', '/C=IT/O=Small/CN=Bob', ca, ['/small'])).rejects.toMatchObject({
      code: 'aup-not-signed',
      parameters: { name: 'bob' },
    })
    await run(changed(["'2025-05-01 00:00:00',2,1", "'2025-08-01 00:00:00',2,1"]), 'small')
    expect((await ask('small', '/C=IT/O=Small/CN=Bob', ca, ['/small'])).fqans).toEqual(['/small'])
  })

  it('again changes nothing, and of a newer dump only what is new', async () => {
    await run(SMALL, 'small')
    const again = await run(SMALL, 'small')
    for (const [table, changes] of Object.entries(again.changes)) {
      expect(changes, table).toEqual({ inserted: 0, updated: 0, deleted: 0 })
    }
    const newer = await run(changed(["(3,0,'2024", "(3,1,'2024"], [',(1,4,NULL,NULL)', '']), 'small')
    const written = Object.entries(newer.changes).filter(([, c]) => c.inserted + c.updated + c.deleted > 0)
    expect(Object.fromEntries(written)).toEqual({
      member: { inserted: 0, updated: 1, deleted: 0 },
      holding: { inserted: 0, updated: 0, deleted: 1 },
    })
  })

  it('takes over members who came from VOMS Admin before, by the label with their number there', async () => {
    await importVomsAdmin(VOMS, 'small', db, { clock })
    const [before] = await db.query(`select id from vouchd.member where source_id = '1'`)
    const result = await run(SMALL, 'small')
    const [after] = await db.query(`select id, extra from vouchd.member where source_id = 'uuid-ada'`)
    expect(after?.['id']).toBe(before?.['id'])
    expect(after?.['extra']).toMatchObject({ former: { sourceId: '1' }, iam: { accountId: '1' } })
    expect(result.changes['member']).toEqual({ inserted: 3, updated: 1, deleted: 0 })
    expect(result.resolution).toBe('vomsd')
  })

  it('may be resolved as vomsd does', async () => {
    const result = await run(SMALL, 'small', { resolution: 'vomsd' })
    expect(result.resolution).toBe('vomsd')
    const granted = await ask('small', '/C=IT/O=Small/CN=Bob', '/C=IT/O=Small/CN=CA', ['/small'])
    expect(granted.fqans).toEqual(['/small'])
  })

  it.each<[string, ImportOptions['decisions'], Record<string, number>]>([
    ['duplicate e-mails', { 'duplicate-email': 'skip' }, { members: 3 }],
    ['members outside the root', { 'member-outside-root': 'skip' }, { members: 3, certificates: 5 }],
    ['ended memberships', { 'membership-ended': 'skip' }, { members: 3, holdings: 6 }],
    ['ended group memberships', { 'holding-ended': 'skip' }, { holdings: 6 }],
    ['suspended members', { 'suspended-member': 'skip' }, { members: 3 }],
    ['DNs', { 'unconvertible-dn': 'skip' }, { certificates: 5 }],
    ['subjects of two issuers', { 'subject-of-two-issuers': 'skip' }, { certificates: 4 }],
    ['roles named as groups', { 'role-named-as-group': 'skip' }, { holdings: 6 }],
  ])('leaves out %s on request', async (_name, decisions, counts) => {
    const result = await run(SMALL, 'small', { ...(decisions && { decisions }) })
    expect(result.counts).toMatchObject(counts)
    const again = await run(SMALL, 'small', { ...(decisions && { decisions }) })
    expect(Object.values(again.changes).some(c => c.inserted + c.updated + c.deleted > 0)).toBe(false)
  })

  it.each(['duplicate-email', 'aup-not-signed', 'holding-ended', 'subject-of-two-issuers'] as const)(
    'refuses all of it where %s was decided to fail',
    async kind => {
      await expect(run(SMALL, 'small', { decisions: { [kind]: 'fail' } })).rejects.toMatchObject({
        code: 'IMPORT_DECISION',
        message: expect.stringContaining(kind),
      })
      expect(await db.query('select * from vouchd.vo')).toEqual([])
    },
  )

  it('enforces ends where that was decided', async () => {
    await run(SMALL, 'small', { decisions: { 'membership-ended': 'enforce', 'holding-ended': 'enforce' } })
    const ends = await db.query(
      `select distinct fqgroup, ends_at from vouchd.holdings where subject like '%Ada' and ends_at is not null`,
    )
    expect(ends).toEqual([{ fqgroup: '/small/G1', ends_at: new Date('2025-01-01T00:00:00Z') }])
    expect(await db.query('select enforce_end_dates from vouchd.vo')).toEqual([{ enforce_end_dates: true }])
  })

  it('names first what looks like a VO', async () => {
    await expect(run(SMALL, 'other')).rejects.toMatchObject({
      code: 'IMPORT_OTHER_VO',
      message: expect.stringContaining('no group other; name one with --vo: small, Elsewhere'),
    })
  })

  it.each<[string, readonly [string, string], string, string]>([
    [
      'of another VO',
      ["'small'", "'large'"],
      'IMPORT_OTHER_VO',
      'no group small; name one with --vo: Elsewhere, large',
    ],
    [
      'without a table',
      ['`iam_x509_cert` (', '`iam_x509` ('],
      'IMPORT_OTHER_PROGRAM',
      'no table iam_x509_cert',
    ],
    [
      'of another schema',
      ['`subject_dn`', '`subject`'],
      'IMPORT_VERSION',
      'iam_x509_cert has no column subject_dn',
    ],
  ])('refuses a database %s', async (name, replacement, code, message) => {
    const more =
      name === 'without a table' ? ([['INSERT INTO `iam_x509_cert`', 'INSERT INTO `iam_x509`']] as const) : []
    await expect(run(changed(replacement, ...more), 'small')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })

  // One of each kind of place that a dump can be cut off at.
  it.each<[string, string]>([
    ['nothing', '/*'],
    ['a comment of the beginning', 'dump 10'],
    ['a name', 'am_account` ('],
    ['a table', '`USERNAME`'],
    ['the rows of a table', 'INSERT INTO `iam_x509_cert` VALUES'],
    ['a row', "'uuid-ada'"],
    ['a text', 'velace'],
    ['two statements', 'INSERT INTO `iam_account_group`'],
    ['the last line', 'completed'],
  ])('refuses all of it where the dump ends within %s, and imports it whole the next time', async (_, at) => {
    const dump = readFileSync(SMALL, 'utf8')
    const cut = join(folder, 'cut.sql')
    const place = dump.indexOf(at)
    expect(place).toBeGreaterThanOrEqual(0)
    writeFileSync(cut, dump.slice(0, place))
    await expect(run(cut, 'small')).rejects.toMatchObject({ code: 'DUMP_CUT_OFF' })
    expect(await db.query('select * from vouchd.vo')).toEqual([])
    expect((await run(SMALL, 'small')).counts.members).toBe(4)
  })

  it('refuses the other kind of database with a hint', async () => {
    await expect(importVomsAdmin(SMALL, 'small', db, { clock })).rejects.toMatchObject({
      message: expect.stringContaining('import iam'),
    })
    await expect(run(VOMS, 'small')).rejects.toMatchObject({
      message: expect.stringContaining('import voms-admin'),
    })
  })
})
