import { Command } from 'commander'
import type { VoConfig } from '../config/types.ts'
import { vomsesEntry } from '../handouts.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'
import { printable } from './printable.ts'
import { requireCertificates } from './requireCertificates.ts'
import { selectVos } from './selectVos.ts'

const HELP = `
The line tells clients where a VO's server is. It goes into /etc/vomses/VO-HOST on client machines (or any file
of that folder), or into ~/.voms/vomses of one user.

Examples:
  vouchd vomses                             the line of every VO
  vouchd vomses --vo vo.example > /etc/vomses/vo.example-voms.example.org`

/** `vouchd vomses`: the line that clients need to find the server of each VO. */
export function vomsesCommand(context: CliContext): Command {
  return new Command('vomses')
    .description('print the vomses line of every VO')
    .option('--vo <name>', 'only this VO')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      context.action((options: { vo?: string; json?: true }) => {
        const entries = selectVos(context.loadConfig().config, options.vo).map(entryOf)
        if (options.json) context.io.out(`${JSON.stringify(entries, undefined, 2)}\n`)
        else for (const entry of entries) context.io.out(`${printable(entry.line)}\n`)
        return EXIT.ok
      }),
    )
}

function entryOf(vo: VoConfig) {
  return vomsesEntry(vo, requireCertificates(vo.hostCredentials[0]!.certificate)[0])
}
