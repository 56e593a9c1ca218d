import { openStore } from '../../src/store/openStore.ts'

// A command that inserts in a transaction, says so, and never ends it.
const db = await openStore({ kind: 'embedded', folder: process.argv[2] ?? '' }, { mode: 'command' })
await db.transaction(async tx => {
  await tx.query('insert into note values (99)')
  process.stdout.write('inserted\n')
  await new Promise(() => setInterval(() => {}, 1000))
})
