// The restore drill of docs/operations.md, for both kinds of database: node test/faults/restoreDrill.ts
import { startPostgres } from '../store/postgresCluster.ts'
import { drillRestore } from './drillRestore.ts'

console.log('embedded  ', JSON.stringify(await drillRestore()))
const cluster = await startPostgres()
try {
  console.log('PostgreSQL', JSON.stringify(await drillRestore(cluster)))
} finally {
  cluster.dispose()
}
