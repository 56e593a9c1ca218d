import { openEmbedded } from '../../src/store/embedded.ts'

// Makes an embedded database in the folder of argument 2, for blankDatabase.ts.
const db = await openEmbedded(process.argv[2]!)
await db.close()
