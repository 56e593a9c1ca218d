import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { StoreConfig } from '../config/types.ts'
import { openBeside } from '../store/openStore.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'

const HELP = `
Copies the embedded database, as it is at this moment, into one file for this user alone; beside the running daemon or
without one. \`vouchd restore\` makes a database of it again. A PostgreSQL server is copied by its own pg_dump. What
else a backup needs, and how it is tried: docs/operations.md, Backup and restore.

Example:
  vouchd backup /var/backups/vouchd/members.tar.gz`

/** `vouchd backup`: a copy of the embedded database. */
export function backupCommand(context: CliContext): Command {
  return new Command('backup')
    .description('copy the embedded database into a file')
    .argument('<file>', 'the file; one that is there already is replaced by the whole new one')
    .addHelpText('after', HELP)
    .action(
      context.action(async (file: string) => {
        const { folder } = embeddedOnly(context.loadConfig().config.store, 'pg_dump --format=custom')
        // Opening it would make one, and the copy of nothing would look like a backup.
        if (!existsSync(join(folder, 'pgdata'))) {
          throw new CliError(
            EXIT.refused,
            `there is no database in ${folder}, so nothing was copied: run this as the user of the service, with its configuration`,
          )
        }
        const db = await openBeside(folder)
        try {
          writeWhole(file, await db.dump())
        } finally {
          await db.close()
        }
        context.io.err(`wrote ${file}\n`)
        return EXIT.ok
      }),
    )
}

/** Throws CliError that names the server's own program. */
export function embeddedOnly(store: StoreConfig, program: string): StoreConfig & { kind: 'embedded' } {
  if (store.kind === 'embedded') return store
  const advice = `${program} does it (docs/operations.md, Backup and restore)`
  throw new CliError(EXIT.usage, `members live in the PostgreSQL server ${store.host}: ${advice}`)
}

function writeWhole(file: string, content: Uint8Array): void {
  const fresh = `${file}.${process.pid}.new`
  try {
    writeFileSync(fresh, content, { mode: 0o600, flag: 'wx', flush: true })
    renameSync(fresh, file)
  } catch (cause) {
    rmSync(fresh, { force: true })
    throw new CliError(EXIT.refused, `${file} cannot be written: ${(cause as Error).message}`)
  }
}
