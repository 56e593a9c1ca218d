import { openBlankDatabase } from './blankDatabase.ts'
import { describeDatabase } from './conformance.ts'

describeDatabase('PGlite in this process', async () => {
  const db = await openBlankDatabase()
  return { db, dispose: () => db.close() }
})
