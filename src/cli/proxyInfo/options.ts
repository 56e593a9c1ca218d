import { Command } from 'commander'

/** The options that print one thing each, in the order in which they print. */
export const PRINT_OPTIONS = {
  subject: "the proxy's subject",
  issuer: 'its issuer',
  identity: 'the certificate that it stands for',
  type: 'its kind',
  strength: 'bits of its key',
  path: 'its file',
  timeleft: 'seconds until it, or a certificate of its chain, ends',
  keyusage: 'what its key may be used for',
  vo: 'VOs of the ACs',
  acsubject: 'holders of the ACs',
  acissuer: 'issuers of the ACs',
  serial: 'serial numbers of the ACs',
  fqan: 'FQANs',
  actimeleft: 'seconds until each AC ends',
  uri: 'servers of the ACs',
  targets: 'hosts that the ACs are good for alone',
} as const
export type PrintOption = keyof typeof PRINT_OPTIONS

export interface ProxyInfoArguments extends Partial<Record<PrintOption, true>> {
  readonly file?: string
  readonly all?: true
  readonly chain?: true
  readonly exists?: true
  readonly valid?: string
  readonly hours?: string
  readonly bits?: string
  readonly acexists: readonly string[]
  readonly dontVerifyAc?: true
  readonly certdir?: string
  readonly vomsdir?: string
  readonly json?: true
}

const HELP = `
Shows a proxy and its ACs, and verifies them: the chain by CAs, CRLs and signing policies, the ACs by LSC files, too.
Without options, the proxy alone is shown; options for single things print each on a line of its own. Options may be
written with one dash. Needs no configuration. \`vouchd inspect\` shows more.

Exits with 0, also for what has ended, which is warned of; with 1 when there is no proxy, it or an AC of it does not
verify, or what --exists or --acexists ask for is not so.

Examples:
  vouchd proxy-info --all
  vouchd proxy-info -exists -valid 2:00 || vouchd proxy-init --voms vo.example
  vouchd proxy-info --file proxy.pem --fqan`

/** The command without its action. */
export function proxyInfoOptions(): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value]
  const command = new Command('proxy-info')
    .description('show and verify a proxy and its ACs')
    .option('--file <file>', 'the proxy (default: X509_USER_PROXY, else /tmp/x509up_uUID)')
    .option('--all', 'the proxy and its ACs')
    .option('--chain', 'every certificate of the file, too')
  for (const [name, what] of Object.entries(PRINT_OPTIONS)) command.option(flags(name), `print ${what}`)
  return command
    .option('-e, --exists', 'print nothing: is there a proxy that has not ended')
    .option('--valid <h:m>', '--exists: and is good for so long')
    .option('--hours <hours>', '--exists: the same in hours')
    .option('-b, --bits <count>', '--exists: and has a key of so many bits')
    .option('--acexists <vo>', 'print nothing: is there an AC of this VO; repeatable', collect, [])
    .option('--dont-verify-ac', 'do not verify ACs')
    .option('--certdir <folder>', 'CA certificates, CRLs and signing policies')
    .option('--vomsdir <folder>', 'LSC files')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
}

/** Letters that the Java tool has for some. */
function flags(name: string): string {
  const letter = { path: 'p', keyusage: 'k' }[name]
  return letter === undefined ? `--${name}` : `-${letter}, --${name}`
}
