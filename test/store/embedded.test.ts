import { openInMemory } from '../../src/store/embedded.ts'
import { describeDatabase } from './conformance.ts'

describeDatabase('PGlite in this process', async () => {
  const db = await openInMemory()
  return { db, dispose: () => db.close() }
})
