import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import type { Database, SqlValue } from '../../src/store/database.ts'
import { DEMO_CA, DEMO_USER, DEMO_VO } from './demoGrid.ts'

const ANALYSIS = `/${DEMO_VO}/analysis`
const PRODUCTION = `/${DEMO_VO}/production`

/** In words, for who watches the demo. */
export const SAMPLE_VO_STORY = [
  'member      Ada Lovelace',
  `groups      /${DEMO_VO}, ${ANALYSIS}, ${PRODUCTION}`,
  `role        Coordinator in ${PRODUCTION}`,
  'attributes  nickname of the member, site of a group, queue of the role',
]

export const COORDINATOR = `${PRODUCTION}/Role=Coordinator`

/** Fills the directory with one small VO: one member, three groups, a role, an attribute of each kind. */
export function createSampleVo(db: Database): Promise<void> {
  return db.transaction(async tx => {
    const insert = async (table: string, row: Record<string, SqlValue>): Promise<number> => {
      const columns = Object.keys(row)
      const places = columns.map((_, index) => `$${index + 1}`)
      const sql = `insert into vouchd.${table} (${columns.join(', ')}) values (${places.join(', ')}) returning id`
      const [inserted] = await tx.query<{ id: number }>(sql, Object.values(row))
      return inserted!.id
    }
    const vo_id = await insert('vo', { name: DEMO_VO, description: 'Sample VO of the demo' })
    const member_id = await insert('member', { vo_id, given_name: 'Ada', surname: 'Lovelace' })
    await insert('certificate', {
      ...{ vo_id, member_id, subject: DEMO_USER, issuer: DEMO_CA },
      ...{ subject_key: keyOfString(DEMO_USER), issuer_key: keyOfString(DEMO_CA) },
    })
    const groups: number[] = []
    for (const path of [`/${DEMO_VO}`, ANALYSIS, PRODUCTION]) {
      const group_id = await insert('vo_group', { vo_id, path })
      await insert('holding', { vo_id, member_id, group_id })
      groups.push(group_id)
    }
    const [, analysis, production] = groups as [number, number, number]
    const role_id = await insert('role', { vo_id, name: 'Coordinator' })
    await insert('holding', { vo_id, member_id, group_id: production, role_id })
    const attribute = (name: string) => insert('attribute_class', { vo_id, name })
    await insert('member_attribute', {
      vo_id,
      member_id,
      class_id: await attribute('nickname'),
      value: 'ada',
    })
    await insert('group_attribute', {
      ...{ vo_id, group_id: analysis, class_id: await attribute('site'), value: 'Bologna' },
    })
    await insert('role_attribute', {
      ...{ vo_id, group_id: production, role_id, class_id: await attribute('queue'), value: 'gold' },
    })
  })
}
