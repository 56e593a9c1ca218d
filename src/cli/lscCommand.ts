import { Command } from 'commander'
import type { VoConfig } from '../config/types.ts'
import { lscEntry } from '../handouts.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'
import { printable } from './printable.ts'
import { requireCertificates } from './requireCertificates.ts'
import { selectVos } from './selectVos.ts'

const HELP = `
An LSC file tells services which certificate signs a VO's ACs: its subject, then its issuer. It belongs to
/etc/grid-security/vomsdir/VO/HOST.lsc, where HOST is the host of the VO's uri, on every machine that verifies.

Examples:
  vouchd lsc                                every VO, each under the path of its file
  vouchd lsc --vo vo.example > /etc/grid-security/vomsdir/vo.example/voms.example.org.lsc`

/** `vouchd lsc`: the files by which services recognise the AC issuer of each VO. */
export function lscCommand(context: CliContext): Command {
  return new Command('lsc')
    .description('print the LSC file of every VO')
    .option('--vo <name>', 'only this VO: prints the bare content of its file')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      context.action((options: { vo?: string; json?: true }) => {
        const entries = selectVos(context.loadConfig().config, options.vo).map(entryOf)
        if (options.json) context.io.out(`${JSON.stringify(entries, undefined, 2)}\n`)
        else if (options.vo !== undefined) context.io.out(entries[0]!.content)
        else context.io.out(entries.map(entry => `# ${printable(entry.file)}\n${entry.content}`).join('\n'))
        return EXIT.ok
      }),
    )
}

function entryOf(vo: VoConfig) {
  const [issuer] = requireCertificates(vo.acCredential.certificate)
  const further = vo.acIntermediates === undefined ? [] : requireCertificates(vo.acIntermediates)
  return lscEntry(vo, [issuer, ...further])
}
