import { Command, Option } from 'commander'

/** Options of `proxy-init` as commander reads them. */
export interface ProxyInitArguments {
  readonly voms: readonly string[]
  readonly valid?: string
  readonly hours?: string
  readonly vomslife?: string
  readonly order: readonly string[]
  readonly target: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly out?: string
  readonly vomses: readonly string[]
  readonly certdir?: string
  readonly vomsdir?: string
  readonly keyType: string
  readonly bits?: string
  readonly limited?: true
  readonly pathLength?: string
  readonly list?: true
  readonly noregen?: true
  readonly verify?: true
  readonly pwstdin?: true
  readonly failonwarn?: true
  readonly ignorewarn?: true
  readonly dontVerifyAc?: true
  readonly skipHostnameChecks?: true
  readonly protocol?: string
  readonly timeout?: string
  readonly old?: true
  readonly proxyver?: string
  readonly quiet?: true
  readonly json?: true
}

const HELP = `
Makes an RFC 3820 proxy of your certificate, with ACs of the VOs that you name. Asks each VO's servers (vomses files)
in random order until one gives an AC, verifies the AC as services will (LSC files, CAs, CRLs), and writes the proxy
with mode 0600. Options may be written with one dash, as voms-proxy-init has them. Needs no configuration.

What to ask of a VO:
  --voms VO                       membership
  --voms VO:/VO/GROUP             a group first
  --voms VO:/VO/GROUP/Role=ROLE   a role in a group
  --voms VO:/Role=ROLE            a role in every group where you hold it
  --voms VO:all                   everything that you hold
Repeat it for more of the same VO, or for other VOs.

Exits with 0 when the proxy was written, 1 when not.

Examples:
  vouchd proxy-init --voms vo.example
  vouchd proxy-init -voms vo.example:/vo.example/Role=production -valid 24:00
  vouchd proxy-init --cert robot.p12 --pwstdin --voms vo.example --out proxy.pem < passphrase
  vouchd proxy-init --list --voms vo.example`

/** The command without its action. */
export function proxyInitOptions(): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value]
  const collectList = (value: string, before: readonly string[]) => [
    ...before,
    ...value.split(',').filter(part => part !== ''),
  ]
  return new Command('proxy-init')
    .description('make a proxy of your certificate, with ACs of your VOs')
    .option('--voms <vo[:command]>', 'ask this VO for an AC; repeatable', collect, [])
    .option('--valid <h:m>', 'lifetime of proxy and AC (default: 12:00)')
    .option('--hours <hours>', 'lifetime of the proxy in hours')
    .option('--vomslife <h:m>', 'lifetime of the AC, when it shall be another')
    .option('--order <fqan>', 'FQAN that shall come first; repeatable', collect, [])
    .option('--target <host>', 'host that the AC shall be good for alone; repeatable', collectList, [])
    .addOption(
      new Option('--targets <hosts>', 'the same, comma-separated').argParser(collectList).default([]),
    )
    .option('--cert <file>', 'certificate: PEM, or PKCS#12 with its key')
    .option('--key <file>', 'private key, PEM')
    .option('--out <file>', 'proxy file to write')
    .option('--vomses <path>', 'vomses file or folder; repeatable', collect, [])
    .option('--certdir <folder>', 'CA certificates, CRLs and signing policies')
    .option('--vomsdir <folder>', 'LSC files')
    .addOption(
      new Option('--key-type <kind>', "kind of the proxy's own key").choices(['rsa', 'ec']).default('rsa'),
    )
    .option('--bits <count>', 'bits of an RSA key (default: 2048)')
    .option('--limited', 'a limited proxy, which starts no jobs')
    .option('--path-length <count>', 'how many proxies may be made from this one')
    .option('--list', 'print what could be asked for; no proxy is written')
    .option('--noregen', 'ask and sign with the proxy that is there')
    .option('--verify', 'first check your certificate against the CAs and CRLs')
    .option('--pwstdin', 'read the passphrase from standard input')
    .option('--failonwarn', 'no proxy when a server warns')
    .option('--ignorewarn', 'do not show warnings of servers')
    .option('--dont-verify-ac', 'take the AC unverified')
    .option('--skip-hostname-checks', "take any trusted server's certificate, whatever host it names")
    .addOption(
      new Option('--protocol <name>', 'speak this one alone (default: REST, then legacy)').choices([
        'rest',
        'legacy',
      ]),
    )
    .option('--timeout <seconds>', 'for each phase: connection, handshake (10 each), answer (30)')
    .option('--rfc', 'nothing: every proxy is one of RFC 3820')
    .addOption(new Option('--old').hideHelp())
    .addOption(new Option('--proxyver <version>').hideHelp())
    .option('-q, --quiet', 'no progress')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
}
