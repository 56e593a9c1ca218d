import { afterAll, beforeAll, expect, it } from 'vitest'
import { fetchHolder } from '../../src/resolve/fetchHolder.ts'
import { fetchHolders } from '../../src/resolve/fetchHolders.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openBlankDatabase } from '../store/blankDatabase.ts'
import { fillSampleVo } from '../store/sampleVo.ts'
import { holderNames } from './holderNames.ts'

const VIEWS = { holdingsView: 'vouchd.holdings', attributesView: 'vouchd.attributes' }
let db: Database
beforeAll(async () => {
  db = await openBlankDatabase()
  await migrate(db)
  await fillSampleVo(db)
})
afterAll(() => db?.close())

it.each([false, true])('says of many at once what it says of each (subject alone: %s)', async subjectOnly => {
  const rows = await db.query<{ subject: string; issuer: string }>(
    'select distinct subject, issuer from vouchd.holdings where subject is not null order by 1, 2',
  )
  const ca = rows[0]!.issuer
  const holders = [
    ...rows,
    { subject: '/C=IT/O=Test/CN=nobody', issuer: ca },
    { subject: rows[0]!.subject, issuer: '/C=IT/O=Other/CN=CA' },
    // One certificate twice.
    rows[0]!,
  ].map(({ subject, issuer }) => holderNames(subject, issuer))
  const each = await Promise.all(holders.map(one => fetchHolder(db, VIEWS, 'vo.0', one, subjectOnly)))
  const together = await fetchHolders(db, VIEWS, 'vo.0', holders, subjectOnly)
  const ordered = (all: typeof each) =>
    all.map(one =>
      one.kind === 'member'
        ? {
            ...one,
            member: {
              ...one.member,
              holdings: one.member.holdings.toSorted(byText),
              attributes: one.member.attributes.toSorted(byText),
            },
          }
        : one,
    )
  expect(ordered(together)).toEqual(ordered(each))
  const kinds = new Set(each.map(({ kind }) => kind))
  for (const kind of ['member', 'suspended', 'unknown']) expect(kinds).toContain(kind)
  expect(each.some(one => one.kind === 'member' && one.member.attributes.length > 2)).toBe(true)
})

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
