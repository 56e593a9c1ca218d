import { Command } from 'commander'
import { nameFromOneline } from '../../native-free/dn/nameFromOneline.ts'
import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { dnSpellings } from '../../native-free/dn/spellings.ts'
import { shortForm } from '../../native-free/fqan/shortForm.ts'
import { Refusal } from '../../native-free/refusal.ts'
import { parseRestQuery } from '../../native-free/wire/parseRestQuery.ts'
import type { IssueRequest } from '../../native-free/wire/types.ts'
import type { Name } from '../../native-free/x509/name.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import { readCertificateFile } from '../check/readCredential.ts'
import type { Config, VoConfig } from '../config/types.ts'
import { VomsError } from '../errors.ts'
import { createDirectory } from '../resolve/directory.ts'
import type { HolderNames, Lookup } from '../resolve/types.ts'
import type { Database } from '../store/database.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { findEec } from './describeCertificate.ts'
import { EXIT } from './exitCodes.ts'
import { explainRequest } from './explain/explainRequest.ts'
import { formatExplanation } from './explain/formatExplanation.ts'
import { requireCertificates } from './requireCertificates.ts'
import { selectVos } from './selectVos.ts'
import { withDatabase } from './withDatabase.ts'

const HELP = `
Looks the certificate up and resolves the request by the code of the daemon, and says who this is, which FQANs would be
issued in which order and why, which attributes, or what would be refused and why. Nothing is issued. Certificates are
not validated: \`vouchd inspect\` does that.

Without --issuer the certificate is looked up by its subject alone.

Exits with 0 when the request would be granted, 1 when it would be refused.

Examples:
  vouchd explain --vo vo.example --cert /tmp/x509up_u1000
  vouchd explain --vo vo.example --dn '/C=IT/O=G/CN=u' --issuer '/C=IT/O=G/CN=CA' --fqans /vo.example/Role=admin
  vouchd explain --vo vo.example --dn '/C=IT/O=G/CN=u' --fqans all --order /vo.example/sub --lifetime 3600`

interface Arguments {
  readonly vo: string
  readonly dn?: string
  readonly issuer?: string
  readonly cert?: string
  readonly fqans?: string
  readonly order?: string
  readonly lifetime?: string
  readonly targets?: string
  readonly carried?: string
  readonly json?: true
}

/** `vouchd explain`: what a request of somebody would come to, and why. */
export function explainCommand(context: CliContext): Command {
  return new Command('explain')
    .description(
      'say what a request would come to: who this is, which FQANs and why, what is refused and why',
    )
    .requiredOption('--vo <name>', 'the VO that is asked')
    .option('--dn <subject>', 'subject of the certificate, in slash form')
    .option('--issuer <issuer>', 'its issuer, in slash form')
    .option('--cert <file>', 'a certificate or proxy file instead of --dn and --issuer')
    .option('--fqans <list>', 'FQANs that are asked for, as REST clients send them: comma-separated, or all')
    .option('--order <list>', 'FQANs that shall come first')
    .option('--lifetime <seconds>', 'lifetime that is asked for')
    .option('--targets <list>', 'host names that the AC shall be good for')
    .option('--carried <list>', 'FQANs in an AC that the client already carries (the subset rule)')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(context.action((options: Arguments) => run(context, options)))
}

async function run(context: CliContext, options: Arguments) {
  const { io } = context
  const config = context.loadConfig().config
  const vo = selectVos(config, options.vo)[0]!
  const { subject, issuer } = holderOf(options)
  const request = requestOf(options)
  const now = io.clock.now()
  const { lookup, whyUnknown } = await withDatabase(config, 'command', db =>
    lookUp(db, config, vo, subject, vo.matchSubjectOnly ? undefined : issuer, context),
  )
  const explanation = explainRequest(lookup, request, {
    vo: vo.name,
    uri: vo.uri,
    fqanForm: vo.fqanForm,
    maxLifetimeSeconds: vo.maxLifetimeSeconds,
    carried: new Set((options.carried ?? '').split(',').filter(Boolean).map(shortForm)),
    now,
    issuerSecondsLeft: issuerEnd(vo) - now,
    whyUnknown,
  })
  const names = { subject: onelineF1(subject), issuer: issuer && onelineF1(issuer) }
  const { outcome, warnings } = explanation
  if (options.json) {
    const report = { vo: vo.name, ...names, lookup, request, ...outcome, warnings }
    io.out(`${JSON.stringify(report, undefined, 2)}\n`)
  } else io.out(formatExplanation({ vo: vo.name, ...names, lookup, request, explanation, now }))
  return outcome.kind === 'granted' ? EXIT.ok : EXIT.refused
}

function holderOf({ dn, issuer, cert }: Arguments): { subject: Name; issuer: Name | undefined } {
  if ((dn === undefined) === (cert === undefined)) {
    throw new CliError(EXIT.usage, 'name the certificate by --dn (and --issuer), or by --cert')
  }
  if (dn !== undefined) {
    return {
      subject: readDn('--dn', dn),
      issuer: issuer === undefined ? undefined : readDn('--issuer', issuer),
    }
  }
  const eec = findEec(requireCertificates(cert!))
  if (eec === undefined) throw new CliError(EXIT.refused, `${cert} holds no end-entity certificate`)
  return eec
}

function readDn(option: string, text: string): Name {
  try {
    return parseName(nameFromOneline(text))
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new CliError(EXIT.usage, `${option}: ${cause.message}; write it like /C=IT/O=G/CN=u`)
  }
}

/** The request as the daemon would read it from a REST client. */
function requestOf(options: Arguments): IssueRequest {
  const query = (['fqans', 'order', 'lifetime', 'targets'] as const).flatMap(name => {
    const value = options[name]
    return value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]
  })
  const target = query.length === 0 ? '/generate-ac' : `/generate-ac?${query.join('&')}`
  try {
    return parseRestQuery(target, options.vo)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new CliError(EXIT.usage, `the request would not be understood: ${cause.message}`)
  }
}

async function lookUp(
  db: Database,
  config: Config,
  vo: VoConfig,
  subject: Name,
  issuer: Name | undefined,
  { io }: CliContext,
): Promise<{ lookup: Lookup; whyUnknown: string }> {
  const directory = createDirectory(config.directory, {
    db,
    clock: io.clock,
    monotonic: () => performance.now(),
    onEvent: () => {},
  })
  try {
    const holder: HolderNames = { subject, issuer: issuer ?? subject }
    const lookup = await directory.lookup(vo.name, holder, issuer === undefined)
    return { lookup, whyUnknown: lookup.kind === 'unknown' ? await whyUnknown(db, config, vo, subject) : '' }
  } catch (cause) {
    if (cause instanceof VomsError && cause.code === 'database') {
      throw new CliError(EXIT.database, `the database cannot answer: ${String(cause.cause)}`)
    }
    throw cause
  } finally {
    await directory.close()
  }
}

async function whyUnknown(db: Database, config: Config, vo: VoConfig, subject: Name): Promise<string> {
  const rows = await db.query<{ vo: string; issuer: string }>(
    // The configuration takes nothing but identifiers for the view's name.
    `select distinct vo::text as vo, issuer::text as issuer from ${config.directory.holdingsView}
     where subject = any($1::text[]) order by 1, 2 limit 20`,
    [dnSpellings(subject)],
  )
  const here = rows.filter(row => row.vo === vo.name)
  if (here.length > 0) {
    return `the subject is registered in ${vo.name}, but under another issuer: ${here.map(row => row.issuer).join(', ')}`
  }
  if (rows.length > 0)
    return `the subject is registered in other VOs only: ${rows.map(row => row.vo).join(', ')}`
  return 'no certificate of this subject is registered'
}

/** When the AC issuer's certificate ends; no AC outlives it. Without the certificate nothing is cut. */
function issuerEnd(vo: VoConfig): number {
  return readCertificateFile(vo.acCredential.certificate, () => {})[0]?.notAfter ?? Number.POSITIVE_INFINITY
}
