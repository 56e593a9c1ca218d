import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { openStore } from '../../src/store/openStore.ts'
import { runInProcess } from './runInProcess.ts'
import { makeSite, type Site } from './siteFolder.ts'

const DUMP = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))

let site: Site
let db: Database | undefined
beforeAll(async () => {
  site = makeSite()
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
      () => [DUMP, '--vo', 'small', '--suspended-members', 'x'],
      2,
      'Allowed choices are enforce',
    ],
  ])('explains %s', async (_name, args, expected, message) => {
    const { code, err } = await run(...args())
    expect(code).toBe(expected)
    expect(err).toContain(message)
  })
})
