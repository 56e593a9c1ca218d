import { Command } from 'commander'
import type { StoreConfig } from '../config/types.ts'
import { grantReader, migrate, schemaState } from '../store/migrate.ts'
import { openStore } from '../store/openStore.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'

const HELP = `
Creates the schema, or brings it up to this version: needed once before the first \`vouchd serve\` over a PostgreSQL
server, and after an upgrade whose notes say so. Daemons of the version before keep serving meanwhile. The embedded
database needs none of this: \`vouchd serve\` migrates it by itself.

Over a server it works as the role ownerUser, and lets the role user read what the daemon needs.

Examples:
  vouchd migrate
  vouchd migrate --json`

/** `vouchd migrate`: brings the database's schema up to date. */
export function migrateCommand(context: CliContext): Command {
  return new Command('migrate')
    .description("create the database's schema, or bring it up to date")
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      context.action(async (options: { json?: true }) => {
        const { store } = context.loadConfig().config
        const db = await openStore(store, { mode: 'owner' })
        try {
          const applied = await migrate(db)
          const reader = readerRole(store)
          if (reader !== undefined) await grantReader(db, reader)
          const { version } = await schemaState(db)
          const text = [
            ...applied.map(name => `applied ${name}`),
            `the schema is at version ${version}`,
            ...(reader === undefined ? [] : [`role ${reader} may read it`]),
          ]
          if (options.json)
            context.io.out(`${JSON.stringify({ applied, version, reader: reader ?? null })}\n`)
          else context.io.out(text.map(line => `${line}\n`).join(''))
          return EXIT.ok
        } finally {
          await db.close()
        }
      }),
    )
}

/** The daemon's role, where it is another one than the owner. */
function readerRole(store: StoreConfig): string | undefined {
  if (store.kind === 'embedded' || store.owner === undefined) return undefined
  return store.owner.user === store.user ? undefined : store.user
}
