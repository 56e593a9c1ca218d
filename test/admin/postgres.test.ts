import { createPostgres } from '../../src/store/postgres.ts'
import { findPostgres, startPostgres } from '../store/postgresCluster.ts'
import { describeOperations } from './operations.ts'

const found = findPostgres()

describeOperations(
  'a PostgreSQL server',
  async () => {
    const cluster = await startPostgres()
    const db = createPostgres(cluster.createDatabase(), { role: 'owner' })
    return {
      db,
      async dispose() {
        await db.close()
        cluster.dispose()
      },
    }
  },
  'skip' in found ? found.skip : undefined,
)
