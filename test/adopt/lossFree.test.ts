import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { writeVomsAdminDump } from '../../bench/adopt/writeVomsAdminDump.ts'
import { openDump } from '../../src/adopt/dumpSource.ts'
import { IAM } from '../../src/adopt/iam.ts'
import { importSource } from '../../src/adopt/importSource.ts'
import type { SourceKind } from '../../src/adopt/SourceKind.ts'
import { VOMS_ADMIN } from '../../src/adopt/vomsAdmin.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openBlankDatabase } from '../store/blankDatabase.ts'

const DUMPS = fileURLToPath(new URL('../../../shared/data/voms-testsuite/', import.meta.url))
const SMALL_VOMS = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))
const SMALL_IAM = fileURLToPath(new URL('../vectors/dumps/iam.sql', import.meta.url))
const clock = { now: () => Date.UTC(2026, 0, 1) / 1000 }

const folder = mkdtempSync(join(tmpdir(), 'vouchd-lossless-'))
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

/** Every text and number of a value, however deep it lies. */
function addLeaves(value: unknown, leaves: Set<string>): void {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) addLeaves(part, leaves)
  } else leaves.add(String(value))
}

/** All that stands in the directory. */
async function everything(): Promise<Set<string>> {
  const tables = await db.query<{ name: string }>(
    `select table_name as name from information_schema.tables
     where table_schema = 'vouchd' and table_type = 'BASE TABLE'`,
  )
  const leaves = new Set<string>()
  for (const { name } of tables) addLeaves(await db.query(`select to_jsonb(t) from vouchd.${name} t`), leaves)
  return leaves
}

const DATE = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.0+)?$/

/** What of a source's texts, numbers and dates is nowhere in the directory, as table.column = value. */
async function lost(file: string, kind: SourceKind, vo: string): Promise<string[]> {
  await importSource(await openDump(file), kind, vo, db, { clock })
  const kept = await everything()
  const missing = new Set<string>()
  const source = await openDump(file)
  for await (const rows of source.rows()) {
    for (const { table, values } of rows.filter(row => kind.keeps(row.table.name))) {
      for (const [column, value] of Object.entries(values)) {
        if (value === null || typeof value === 'boolean') continue
        const text = typeof value === 'string' ? value : Buffer.from(value).toString('hex')
        const [, day, time] = DATE.exec(text) ?? []
        if (kept.has(text) || kept.has(`${day}T${time}+00:00`)) continue
        missing.add(`${table.name}.${column} = ${text}`)
      }
    }
  }
  return [...missing].sort()
}

// Secrets stay where they are; groups of another tree are reported, and left out.
const LEFT = /^(?:iam_account\.(?:PASSWORD|reset_key|confirmation_key)|iam_group\.\w+|schema_version\.\w+) = /

it.skipIf(!existsSync(DUMPS)).each([
  ['VOMS Admin', 'dump-voms_vo_0.sql', VOMS_ADMIN, 'vo.0', /^$/],
  ['INDIGO IAM', 'dump-voms_vo_2.sql', IAM, 'vo.2', LEFT],
] as const)(
  'nothing of the dump of %s of the public test suite is lost (data/voms-testsuite beside the checkout)',
  async (_, file, kind, vo, left) => {
    const missing = await lost(join(DUMPS, file), kind, vo)
    expect(missing.filter(one => !left.test(one))).toEqual([])
  },
)

it('nothing of a large VO of VOMS Admin is lost', async () => {
  const file = join(folder, 'dump.sql')
  await writeVomsAdminDump(file, 30)
  expect(await lost(file, VOMS_ADMIN, 'scale')).toEqual([])
})

it('of an odd database of VOMS Admin only that is lost which the report names', async () => {
  expect(await lost(SMALL_VOMS, VOMS_ADMIN, 'small')).toEqual([
    'certificate.subject_string = /C=IT/O=Small/CN=Bob/emailAddress=bob@small.example',
    'certificate.subject_string = /C=IT/O=Small/CN=Eve/UID=eve',
    'certificate.subject_string = /C=IT/O=Small/CN=Eve/USERID=eve',
    'certificate.subject_string = /C=IT/O=Small/CN=Nobody',
    'groups.dn = /other',
    'roles.role = a/b',
    'usr.end_time = 0000-00-00 00:00:00',
  ])
})

it('of an odd database of IAM only secrets and groups of another tree are lost', async () => {
  const missing = await lost(SMALL_IAM, IAM, 'small')
  expect(missing.filter(one => !LEFT.test(one))).toEqual([])
})
