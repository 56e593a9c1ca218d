import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { openStore } from '../../src/store/openStore.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { runInProcess } from './runInProcess.ts'
import { makeSite, type Site } from './siteFolder.ts'

const DUMP = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))

let site: Site
let db: Database | undefined
beforeAll(async () => {
  site = makeSite()
  placeBlankDatabase(site.path('database'))
  // Its owner process migrates; the commands ask it.
  db = await openStore({ kind: 'embedded', folder: site.path('database') }, { mode: 'serve' })
})
afterAll(async () => {
  await db?.close()
  site.remove()
})

const run = (...args: string[]) => runInProcess('--config', site.config, 'import', 'voms-admin', ...args)

async function countMembers(): Promise<number> {
  const [row] = await db!.query<{ count: string }>('select count(*) from vouchd.member')
  return Number(row!.count)
}

describe('vouchd import voms-admin', () => {
  it('reports a dry run, and changes nothing', async () => {
    const { code, out, err } = await run(DUMP, '--vo', 'small', '-dry-run')
    expect(out).toMatch(/^VO small: dry run, nothing was changed; it would hold \(new\)\n {2}members +\d+\n/)
    expect(out).toContain('decide: ')
    expect(out).toContain('(--on-duplicate-email keep; or skip, fail)')
    expect(out).toContain('difference to what is there\n  + vo group /small\n')
    expect(err).toBe('vouchd: note: VO small is not in the configuration, so it is not served yet\n')
    expect([code, await countMembers()]).toEqual([0, 0])
  })

  it('imports, and the second time changes nothing', async () => {
    const first = await run(DUMP, '--vo', 'small')
    expect(first.out).toMatch(/^VO small holds \(new\)\n/)
    expect(first.out).toMatch(/\nchanges\n(.*\n)* {2}member +\d+ new +0 changed +0 removed\n/)
    expect([first.code, (await countMembers()) > 0]).toEqual([0, true])
    const second = await run(DUMP, '--vo', 'small')
    expect(second.out).toMatch(/^VO small holds\n/)
    expect(second.out).toContain('\nno changes\n')
  })

  it('has the record of changes tell whom an entry of an access control list is for', async () => {
    await db!.query(
      `insert into vouchd.acl (vo_id, group_id, principal)
       select vo_id, id, '/C=IT/O=Small/CN=Manager' from vouchd.vo_group where path = '/small'`,
    )
    const changes = () => runInProcess('--config', site.config, 'changes', '--vo', 'small', '--limit', '1')
    expect((await changes()).out).toContain('added acl /C=IT/O=Small/CN=Manager in /small')
    await db!.query(`delete from vouchd.acl where principal = '/C=IT/O=Small/CN=Manager'`)
    expect((await changes()).out).toContain('removed acl /C=IT/O=Small/CN=Manager in /small')
  })

  it('shows what a newer dump would change, and logs what it changed', async () => {
    const newer = readFileSync(DUMP, 'latin1')
      .replace("'ada@small.example'", "'ada@new.example'")
      .replace("(2,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Ada','\\0',NULL,NULL,2,1),\n", '')
    writeFileSync(site.path('newer.sql'), newer, 'latin1')
    const log = site.path('changes.log')
    const dry = await run(site.path('newer.sql'), '--vo', 'small', '--dry-run')
    expect(dry.out).toContain(
      [
        'difference to what is there',
        '  ~ member ada@new.example (1): email: "ada@small.example" -> "ada@new.example"',
        '  - certificate /C=IT/O=Small/CN=Ada',
        '',
      ].join('\n'),
    )
    await run(site.path('newer.sql'), '--vo', 'small', '--log', log)
    const lines = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    const changes = lines.filter(({ action }) => action !== 'decide')
    expect(changes).toEqual([
      {
        ...{ vo: 'small', action: 'update', kind: 'member', what: 'ada@new.example (1)' },
        ...{ before: { email: 'ada@small.example' }, after: { email: 'ada@new.example' } },
        reason: 'the source has it otherwise',
      },
      expect.objectContaining({
        ...{ action: 'delete', kind: 'certificate', what: '/C=IT/O=Small/CN=Ada', after: null },
        reason: 'the source has it no more',
      }),
    ])
    expect(lines).toContainEqual({
      ...{ vo: 'small', action: 'decide', kind: 'group-left-out', what: '/other' },
      reason: expect.stringContaining('It is left out'),
    })
    const failed = await run(DUMP, '--vo', 'small', '--log', log, '--on-duplicate-email', 'fail')
    expect(failed.code).toBe(1)
    expect(readFileSync(log, 'utf8').trimEnd().split('\n')).toHaveLength(lines.length)
    await run(DUMP, '--vo', 'small', '--log', log)
    expect(readFileSync(log, 'utf8').trimEnd().split('\n').length).toBeGreaterThan(lines.length)
  })

  it('leaves alone a VO that is followed, until that ends', async () => {
    await db!.query(`update vouchd.vo set followed_from = 'mysql://u@h/d' where name = 'small'`)
    const refused = await run(DUMP, '--vo', 'small')
    expect(refused.err).toContain('VO small is followed from mysql://u@h/d, which would undo this')
    const end = () => runInProcess('--config', site.config, 'import', 'end-follow', '--vo', 'small')
    expect(await end()).toMatchObject({
      code: 0,
      out: 'VO small is not followed from mysql://u@h/d any more\n',
    })
    expect(await end()).toMatchObject({ code: 1, err: 'vouchd: VO small is not followed from anywhere\n' })
    expect((await run(DUMP, '--vo', 'small')).code).toBe(0)
  })

  it('tells of certificates whose CA is not in the trust directory, and leaves them out on request', async () => {
    const dry = await run(DUMP, '--vo', 'small', '--dry-run')
    expect(dry.out).toContain('(--on-untrusted-ca keep; or skip, fail)\n  /C=IT/O=Small/CN=CA: ')
    const skipped = await run(DUMP, '--vo', 'small', '--dry-run', '--json', '--on-untrusted-ca', 'skip')
    expect(JSON.parse(skipped.out).counts.certificates).toBe(0)
    // Without a CA there is nothing to judge by: what was to be left out would all be imported.
    writeFileSync(
      site.path('bare.toml'),
      readFileSync(site.config, 'utf8').replace('"certificates"', '"none"'),
    )
    const blind = await runInProcess(
      ...['--config', site.path('bare.toml'), 'import', 'voms-admin', DUMP, '--vo', 'small'],
      ...['--on-untrusted-ca', 'fail'],
    )
    expect([blind.code, blind.out]).toEqual([1, ''])
    expect(blind.err).toContain(`there is no CA in ${site.path('none')}`)
  })

  it('reports to programs', async () => {
    const { out } = await run(DUMP, '--vo', 'small', '--dry-run', '--json')
    expect(JSON.parse(out)).toMatchObject({ vo: 'small', dryRun: true, created: false, schemaVersion: 3 })
  })

  it.each<[string, (dump: string) => string, string]>([
    ['a dump cut off', dump => dump.slice(0, dump.length / 2), '(DUMP_CUT_OFF); nothing was changed'],
    [
      'a dump of another VO',
      dump => dump.replaceAll('/small', '/other'),
      '(IMPORT_OTHER_VO); nothing was changed',
    ],
    ['another program', () => 'CREATE TABLE `a` (\n  `b` int(11)\n) ENGINE=InnoDB;\n', 'nothing was changed'],
  ])('refuses %s', async (_name, spoil, message) => {
    const before = await countMembers()
    writeFileSync(site.path('dump.sql'), spoil(readFileSync(DUMP, 'latin1')), 'latin1')
    const { code, out, err } = await run(site.path('dump.sql'), '--vo', 'small')
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(`vouchd: ${site.path('dump.sql')}: `)
    expect(err).toContain(message)
    expect(await countMembers()).toBe(before)
  })

  it.each<[string, () => string[], number, string]>([
    [
      'a missing file',
      () => [site.path('none.sql'), '--vo', 'small'],
      1,
      'none.sql does not exist; check its name',
    ],
    ['a folder', () => [site.folder, '--vo', 'small'], 1, 'is a folder; name a file in it'],
    ['no VO', () => [DUMP], 2, "required option '--vo <name>' not specified"],
    ['a name that is none', () => [DUMP, '--vo', '/small'], 2, '/small is no name of a VO'],
    [
      'an unknown way',
      () => [DUMP, '--vo', 'small', '--on-suspended-member', 'x'],
      2,
      'Allowed choices are enforce',
    ],
    ['no source', () => ['--vo', 'small'], 2, 'name a dump, or a live database by --from'],
    ['two sources', () => [DUMP, '--vo', 'small', '--from', 'mysql://u@h/d'], 2, 'name one source'],
    ['a dump to be followed', () => [DUMP, '--vo', 'small', '--follow', '5'], 2, 'a dump never changes'],
    [
      'an address that is none',
      () => ['--from', 'http://h/d', '--vo', 'small'],
      2,
      'does not begin with mysql://',
    ],
    [
      'seconds that are none',
      () => ['--from', 'mysql://u@h/d', '--vo', 'small', '--follow', '0'],
      2,
      'whole seconds',
    ],
    [
      'CAs to be told apart by a follower',
      () => ['--from', 'mysql://u@h/d', '--vo', 'small', '--follow', '5', '--on-untrusted-ca', 'skip'],
      2,
      'leave out --on-untrusted-ca',
    ],
    [
      'a server that is not there',
      () => ['--from', `mysql://u@h/d?socket=${site.path('none.sock')}`, '--vo', 'small'],
      1,
      '(SOURCE_UNREACHABLE); nothing was changed',
    ],
    [
      'an option of VOMS Admin alone',
      () => [DUMP, '--vo', 'small', '--on-unknown-ca', 'keep'],
      2,
      'Allowed choices are skip, fail',
    ],
    [
      'what was decided to fail',
      () => [DUMP, '--vo', 'small', '--on-duplicate-email', 'fail'],
      1,
      'found what was decided to fail: 1 x duplicate-email (shared@small.example: 2 members) (IMPORT_DECISION); nothing was changed',
    ],
  ])('explains %s', async (_name, args, expected, message) => {
    const { code, err } = await run(...args())
    expect(code).toBe(expected)
    expect(err).toContain(message)
  })
})
