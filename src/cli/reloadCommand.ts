import { Command } from 'commander'
import { formatFinding } from '../check/SetupError.ts'
import { NoDaemon } from '../supervise/askControl.ts'
import type { ReloadOutcome } from '../supervise/supervisor.ts'
import { askDaemon } from './askDaemon.ts'
import type { CliContext } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { printable } from './printable.ts'

const HELP = `
The running daemon reads the configuration, keys, certificates and trust anchors anew, checks them as a whole, and
swaps them in every process at once. With a fault everything stays as it was, and each fault is printed with what to do.

Exits with 0 when it was swapped, 1 when there is a fault, 6 when no daemon answers.

Example:
  vouchd reload && echo taken`

/** `vouchd reload`: has the running daemon take its configuration anew. */
export function reloadCommand(context: CliContext): Command {
  return new Command('reload')
    .description('have the running daemon take its configuration, keys and trust anchors anew')
    .addHelpText('after', HELP)
    .action(context.action(() => reload(context)))
}

async function reload({ io, loadConfig, advise }: CliContext): Promise<ExitCode> {
  try {
    const { ok, findings } = (await askDaemon(loadConfig, 'reload')) as ReloadOutcome
    for (const finding of findings) {
      io.err(`vouchd: ${printable(formatFinding({ ...finding, advice: advise(finding.advice) }))}\n`)
    }
    io.err(ok ? 'reloaded\n' : 'not reloaded: what was served before is still served\n')
    return ok ? EXIT.ok : EXIT.refused
  } catch (cause) {
    if (!(cause instanceof NoDaemon)) throw cause
    io.err(`vouchd: ${printable(cause.message)}\n`)
    return EXIT.noDaemon
  }
}
