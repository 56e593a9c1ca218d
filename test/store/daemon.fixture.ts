import { startOwner } from '../../src/store/startOwner.ts'

// A process that has the embedded database as the daemon does: prints its owner's pid, ends on SIGTERM.
const owner = await startOwner(process.argv[2] ?? '', () => {})
process.stdout.write(`${owner.pid}\n`)
process.once('SIGTERM', () => owner.close())
