import { Command, InvalidArgumentError, Option } from 'commander'
import { DIFFERENCE_CLASSES, type DifferenceClass } from '../../adopt/compare/compareOutcomes.ts'
import type { ResolutionMode } from '../../resolve/types.ts'

export interface CompareArguments {
  readonly vo: string
  readonly against?: string
  readonly cert: readonly string[]
  readonly key: readonly string[]
  readonly request: readonly string[]
  readonly mode?: ResolutionMode
  readonly with?: ResolutionMode
  readonly export?: string
  readonly againstFile?: string
  readonly ignore: readonly DifferenceClass[]
  readonly requests: string
  readonly show: string
  readonly certdir?: string
  readonly protocol?: 'rest' | 'legacy'
  readonly skipHostnameChecks?: true
  readonly timeout?: string
  readonly pwstdin?: true
  readonly json?: true
}

const HELP = `
Shows who would get something else after a switch, before it. Two ways:

With certificates of members, --against asks a running VOMS server and vouchd's own resolver, over the configured
database, for the same: membership, all, every group and role that the member holds, an order, a role that nobody
holds, too long a lifetime; or what --request names. Nothing is issued by vouchd.

In the shadow, every certificate of the database is resolved, without any server: under the VO's rules and under
others (--with vomsd, --with iam), or now and at the time of an export (--export, --against-file).

Classes of differences:
${Object.entries(DIFFERENCE_CLASSES)
  .map(([name, what]) => `  ${name.padEnd(12)}${what}`)
  .join('\n')}

Exits with 0 when nothing differs but what --ignore names, 1 when something does.

Examples:
  vouchd compare --vo vo.example --against voms.example.org:15000 --cert usercert.pem --key userkey.pem
  vouchd compare --vo vo.example --with iam --json
  vouchd compare --vo vo.example --export before.jsonl
  vouchd compare --vo vo.example --against-file before.jsonl --ignore order`

/** The command without its action. */
export function compareOptions(): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value]
  const modes = (option: Option) => option.choices(['vomsd', 'iam'])
  return new Command('compare')
    .description('say who would get something else from vouchd than from a running server, or by other rules')
    .requiredOption('--vo <name>', 'the VO')
    .option('--against <host:port>', 'a running VOMS server')
    .option('--cert <file>', 'a certificate to ask with; repeatable', collect, [])
    .option('--key <file>', 'its key, in the same order', collect, [])
    .option('--request <query>', 'ask this alone: fqans=...&order=...&lifetime=...; repeatable', collect, [])
    .addOption(modes(new Option('--mode <rules>', "resolve by these rules (default: the VO's own)")))
    .addOption(modes(new Option('--with <rules>', 'and compare with what these rules give')))
    .option('--export <file>', 'write what everybody gets now')
    .option('--against-file <file>', 'compare with an export')
    .addOption(
      new Option('--ignore <class>', 'a class that does not count; repeatable')
        .argParser((value: string, before: readonly string[]) => {
          if (Object.hasOwn(DIFFERENCE_CLASSES, value)) return [...before, value]
          throw new InvalidArgumentError(`There is no class ${value}.`)
        })
        .default([]),
    )
    .option('--requests <count>', 'at most so many for each certificate', '100')
    .option('--show <count>', 'differences shown', '100')
    .option('--certdir <folder>', "CAs to judge the server by (default: the configuration's)")
    .addOption(new Option('--protocol <name>', 'speak this one alone').choices(['rest', 'legacy']))
    .option('--skip-hostname-checks', "take any trusted server's certificate")
    .option('--timeout <seconds>', 'for each phase: connection, handshake, answer')
    .option('--pwstdin', 'read the passphrase from standard input')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
}
