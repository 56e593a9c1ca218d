import { openInMemory } from '../../src/store/embedded.ts'
import { describeOperations } from './operations.ts'

describeOperations('the embedded database', async () => {
  const db = await openInMemory()
  return { db, dispose: () => db.close() }
})
