import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importVomsAdmin } from '../../src/adopt/importVomsAdmin.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPostgres } from '../../src/store/postgres.ts'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'

const SMALL = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))
const clock = { now: () => 1767225600 }
const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined

describe.skipIf(skip !== undefined)(`import into a PostgreSQL server${skip ? ` (${skip})` : ''}`, () => {
  let cluster: PostgresCluster
  let db: Database
  beforeAll(async () => {
    cluster = await startPostgres()
    db = createPostgres(cluster.createDatabase(), { role: 'owner' })
    await migrate(db)
  })
  afterAll(async () => {
    await db?.close()
    cluster?.dispose()
  })

  it('does what the embedded database does: dry run, import, again', async () => {
    const dry = await importVomsAdmin(SMALL, 'small', db, { clock, dryRun: true })
    expect(await db.query('select * from vouchd.vo')).toEqual([])
    const first = await importVomsAdmin(SMALL, 'small', db, { clock })
    expect(first).toEqual({ ...dry, dryRun: false })
    expect(first.counts).toMatchObject({
      members: 6,
      certificates: 6,
      groups: 6,
      roles: 1,
      holdings: 7,
      cas: 2,
    })
    expect(first.findings).toHaveLength(18)
    const again = await importVomsAdmin(SMALL, 'small', db, { clock })
    for (const change of Object.values(again.changes))
      expect(change).toEqual({ inserted: 0, updated: 0, deleted: 0 })
  })
})
