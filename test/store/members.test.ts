import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { countMembers, findMembers, listMembers, showMember } from '../../src/store/members.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openBlankDatabase } from './blankDatabase.ts'
import { fillSampleVo } from './sampleVo.ts'

let db: Database
let ids: string[]
beforeAll(async () => {
  db = await openBlankDatabase()
  await migrate(db)
  await fillSampleVo(db)
  const rows = await db.query<{ id: string }>('select id from vouchd.member order by source_id')
  ids = rows.map(({ id }) => id)
})
afterAll(() => db?.close())

describe('members', () => {
  it('are listed with their counts', async () => {
    const list = await listMembers(db, { vo: 'vo.0', limit: 10 })
    expect(list.find(({ id }) => id === ids[0])).toEqual({
      id: ids[0],
      vo: 'vo.0',
      givenName: 'Zero',
      surname: 'Test',
      email: 'test0@vo.example',
      subject: '/C=IT/O=Test/CN=test0',
      suspended: false,
      endsAt: new Date('2023-01-01T00:00:00Z'),
      certificates: 2,
      suspendedCertificates: 1,
      holdings: 5,
    })
    expect(list.filter(({ suspended }) => suspended).map(({ id }) => id)).toEqual([ids[2]])
  })

  it('are listed a page at a time, of one VO or all', async () => {
    const all = (await listMembers(db, { limit: 10 })).map(({ id }) => id)
    const first = await listMembers(db, { limit: 3 })
    const rest = await listMembers(db, { limit: 3, after: first.at(-1)!.id })
    expect([...first, ...rest].map(({ id }) => id)).toEqual(all)
    expect(await listMembers(db, { vo: 'other', limit: 10 })).toEqual([])
    expect([await countMembers(db), await countMembers(db, 'vo.0'), await countMembers(db, 'other')]).toEqual(
      [4, 4, 0],
    )
  })

  it('are found by subject as stored or by canonical key', async () => {
    const find = (subjects: string[], subjectKey: string, vo?: string) =>
      findMembers(db, { subjects, subjectKey, ...(vo === undefined ? {} : { vo }) })
    expect(await find(['/C=IT/O=Test/CN=test0'], 'none')).toEqual([ids[0]])
    expect(await find([], '/c=it/o=test/cn=test1', 'vo.0')).toEqual([ids[1]])
    expect(await find([], '/c=it/o=test/cn=test1', 'other')).toEqual([])
    expect(await find([], 'none')).toEqual([])
  })

  it('are shown with certificates, holdings, attributes and suspension', async () => {
    expect(await showMember(db, ids[0]!)).toMatchObject({
      vo: 'vo.0',
      externalId: 'hr-0',
      endIsEnforced: false,
      suspension: undefined,
      certificates: [
        { subject: '/C=IT/O=Test/CN=test0', issuer: '/C=IT/O=Test/CN=CA', suspension: undefined },
        { subject: '/C=IT/O=Test/CN=test0 old', suspension: { reason: 'key lost' } },
      ],
      holdings: [
        { group: '/vo.0', role: undefined },
        { group: '/vo.0/G1', role: undefined },
        { group: '/vo.0/G1', role: 'R1' },
        { group: '/vo.0/G2', endsAt: new Date('2030-01-01T00:00:00Z') },
        { group: '/vo.0/optional', optional: true },
      ],
      attributes: [
        { scope: 'member', name: 'nickname', value: 'zero' },
        { scope: 'group', group: '/vo.0/G1', name: 'quota', value: '10' },
        { scope: 'role', group: '/vo.0/G1', role: 'R1', name: 'quota', value: '20' },
      ],
    })
    expect(await showMember(db, ids[2]!)).toMatchObject({ suspension: { reason: 'left the experiment' } })
  })

  it.each(['999', '0', 'x', '', '1; drop', '9'.repeat(40)])('are not there for the id "%s"', async id => {
    expect(await showMember(db, id)).toBeUndefined()
  })
})
