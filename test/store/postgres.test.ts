import { afterAll, beforeAll, describe } from 'vitest'
import { createPostgres } from '../../src/store/postgres.ts'
import { describeDatabase } from './conformance.ts'
import { findPostgres, type PostgresCluster, startPostgres } from './postgresCluster.ts'

const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined

describe('PostgreSQL', () => {
  let cluster: PostgresCluster
  beforeAll(async () => {
    if (skip === undefined) cluster = await startPostgres()
  })
  afterAll(() => cluster?.dispose())

  describeDatabase(
    'over its Unix socket',
    async () => {
      const config = cluster.createDatabase()
      const db = createPostgres(config, { role: 'owner' })
      const another = createPostgres({ ...config, host: '127.0.0.1' }, { role: 'owner' })
      return {
        db,
        another,
        async dispose() {
          await db.close()
          await another.close()
        },
      }
    },
    skip,
  )
})
