import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { restoreEmbedded } from '../store/restoreEmbedded.ts'
import { embeddedOnly } from './backupCommand.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'

const HELP = `
Makes the embedded database, in the folder that the configuration names, of a file that \`vouchd backup\` wrote, and
brings its schema up to date. It replaces nothing: where there is a database already it says so. Run it as the user of
the service, which has to be stopped.

Example:
  vouchd restore /var/backups/vouchd/members.tar.gz`

/** `vouchd restore`: the embedded database of a backup. */
export function restoreCommand(context: CliContext): Command {
  return new Command('restore')
    .description('make the embedded database of a backup')
    .argument('<file>', 'what `vouchd backup` wrote')
    .addHelpText('after', HELP)
    .action(
      context.action(async (file: string) => {
        const { folder } = embeddedOnly(context.loadConfig().config.store, 'pg_restore')
        await restoreEmbedded(folder, read(file))
        context.io.err(`restored ${folder}\n`)
        return EXIT.ok
      }),
    )
}

function read(file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(file))
  } catch (cause) {
    throw new CliError(EXIT.refused, `${file} cannot be read: ${(cause as Error).message}`)
  }
}
