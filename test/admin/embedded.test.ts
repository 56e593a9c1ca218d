import { openBlankDatabase } from '../store/blankDatabase.ts'
import { describeOperations } from './operations.ts'

describeOperations('the embedded database', async () => {
  const db = await openBlankDatabase()
  return { db, dispose: () => db.close() }
})
