import type { Command } from 'commander'
import { Refusal } from '../../native-free/refusal.ts'
import type { ShadowOptions } from '../adopt/compare/shadow.ts'
import { ExportFault } from '../adopt/compare/shadowLine.ts'
import { requestOfQuery } from '../adopt/compare/standardRequests.ts'
import { type Authenticator, createAuthenticator } from '../authenticate/authenticate.ts'
import { loadTrustDirectory, NOTHING_LOADED } from '../authenticate/trust/loadTrustDirectory.ts'
import { readCertificateFile } from '../check/readCredential.ts'
import { ClientError } from '../client/ClientError.ts'
import { loadClientTrust } from '../client/clientTrust.ts'
import type { Endpoint } from '../client/connectTls.ts'
import { createServerJudge } from '../client/judgeServer.ts'
import { readUserCredential } from '../client/readUserCredential.ts'
import { DEFAULT_TIMES } from '../client/requestAc.ts'
import type { UserCredential } from '../client/UserCredential.ts'
import type { Config, VoConfig } from '../config/types.ts'
import { VomsError } from '../errors.ts'
import { createDirectory } from '../resolve/directory.ts'
import type { Directory } from '../resolve/types.ts'
import type { Database } from '../store/database.ts'
import { CliError } from './CliError.ts'
import { compareServer } from './compare/compareServer.ts'
import { compareShadow } from './compare/compareShadow.ts'
import { DifferenceReport, formatReport, reportToJson } from './compare/differenceReport.ts'
import { type CompareArguments, compareOptions } from './compare/options.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { parseCount } from './lifetime.ts'
import { printable } from './printable.ts'
import { selectVos } from './selectVos.ts'
import { withDatabase } from './withDatabase.ts'

/** `vouchd compare`: who would get something else. */
export function compareCommand(context: CliContext): Command {
  return compareOptions().action(
    context.action(async (options: CompareArguments) => {
      try {
        return await run(context, options)
      } catch (cause) {
        if (cause instanceof ClientError) {
          const advice = cause.advice === undefined ? '' : `; ${cause.advice}`
          throw new CliError(EXIT.refused, `${cause.message}${advice}`)
        }
        if (cause instanceof VomsError && cause.code === 'database') {
          throw new CliError(EXIT.database, `the database cannot answer: ${String(cause.cause)}`)
        }
        if (cause instanceof ExportFault) {
          throw new CliError(EXIT.refused, `${options.againstFile} ${cause.message}`)
        }
        throw cause
      }
    }),
  )
}

async function run(context: CliContext, options: CompareArguments): Promise<ExitCode> {
  const { io } = context
  checkArguments(options)
  const config = context.loadConfig().config
  const vo = selectVos(config, options.vo)[0]!
  const report = new DifferenceReport(parseCount('--show', options.show, 0, 1_000_000), options.ignore)
  const server = options.against === undefined ? undefined : parseEndpoint(options.against)
  const credentials = server === undefined ? [] : await readCredentials(options, io)
  const shadow: ShadowOptions = resolveOptions(vo, options, io)
  await withDatabase(config, 'command', async db => {
    if (server !== undefined) {
      const directory = openDirectory(db, config, io)
      try {
        await againstServer(server, credentials, shadow, directory, config, options, io, report)
      } finally {
        await directory.close()
      }
      return
    }
    await compareShadow(
      {
        ...{ db, shadow, views: config.directory, mode: options.mode, otherMode: options.with },
        exportFile: options.export,
        againstFile: options.againstFile,
        onProgress: (done, all) => io.err(`${done} of ${all} certificates\n`),
      },
      report,
    )
  })
  print(report, options, io)
  return report.differs ? EXIT.refused : EXIT.ok
}

function print(report: DifferenceReport, options: CompareArguments, io: CliIo): void {
  const { against, againstFile, mode, with: other, export: exported, json } = options
  const theirs = against ?? againstFile ?? (other && `rules of ${other}`)
  if (exported !== undefined) io.err(`${printable(`${report.certificates} certificates in ${exported}`)}\n`)
  if (theirs === undefined) return
  const names = {
    ours: other === undefined ? 'vouchd' : mode ? `rules of ${mode}` : "the VO's rules",
    theirs,
  }
  if (json) io.out(`${JSON.stringify(reportToJson(report, names), undefined, 2)}\n`)
  else io.out(formatReport(report, names))
}

function checkArguments(options: CompareArguments): void {
  const { against, cert, key, with: other, export: exported, againstFile } = options
  const isShadow = [other, exported, againstFile].some(option => option !== undefined)
  const fault =
    against !== undefined && isShadow
      ? '--against asks a server; --with, --export and --against-file work without one'
      : against !== undefined && cert.length === 0
        ? '--against needs a certificate to ask with; name it by --cert and --key'
        : against === undefined && !isShadow
          ? 'name what to compare with: --against HOST:PORT, --with RULES or --against-file FILE (or --export FILE)'
          : against === undefined && cert.length > 0
            ? '--cert belongs to --against'
            : key.length > cert.length
              ? 'there are more --key than --cert'
              : other !== undefined && againstFile !== undefined
                ? 'compare with other rules and with an export one after the other'
                : undefined
  if (fault !== undefined) throw new CliError(EXIT.usage, fault)
}

function parseEndpoint(text: string): Endpoint {
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw new CliError(EXIT.usage, `--against: ${text} is not HOST:PORT`)
  return { host, port: parseCount('--against', port!, 1, 65_535) }
}

async function readCredentials(options: CompareArguments, io: CliIo): Promise<UserCredential[]> {
  const credentials: UserCredential[] = []
  for (const [index, certificate] of options.cert.entries()) {
    const files = { certificate, key: options.key[index] ?? certificate }
    credentials.push(
      await readUserCredential(files, file =>
        options.pwstdin ? io.readLine() : io.askSecret(`Passphrase of ${printable(file)}: `),
      ),
    )
  }
  return credentials
}

function openDirectory(db: Database, config: Config, { clock }: CliIo) {
  return createDirectory(config.directory, {
    db,
    clock,
    monotonic: () => performance.now(),
    onEvent: () => {},
  })
}

function resolveOptions(vo: VoConfig, options: CompareArguments, { clock }: CliIo) {
  const now = clock.now()
  const [issuer] = readCertificateFile(vo.acCredential.certificate, () => {})
  return {
    vo: vo.name,
    uri: vo.uri,
    fqanForm: vo.fqanForm,
    maxLifetimeSeconds: vo.maxLifetimeSeconds,
    matchSubjectOnly: vo.matchSubjectOnly,
    now,
    issuerSecondsLeft: (issuer?.notAfter ?? Number.POSITIVE_INFINITY) - now,
    most: parseCount('--requests', options.requests, 1, 10_000),
  }
}

async function againstServer(
  server: Endpoint,
  credentials: readonly UserCredential[],
  shadow: ShadowOptions,
  directory: Directory,
  config: Config,
  options: CompareArguments,
  io: CliIo,
  report: DifferenceReport,
): Promise<void> {
  const trust = await loadClientTrust(options.certdir ?? config.trust.directory, io.clock)
  const checkHostName = options.skipHostnameChecks !== true
  const milliseconds =
    options.timeout === undefined ? undefined : parseCount('--timeout', options.timeout, 1, 3600) * 1000
  await compareServer(
    {
      server,
      credentials,
      requests: options.request.map(query => readRequest(shadow.vo, query)),
      client: {
        judge: createServerJudge({ trust, checkHostName }),
        protocols: options.protocol === undefined ? ['rest', 'legacy'] : [options.protocol],
        times:
          milliseconds === undefined
            ? DEFAULT_TIMES
            : { connectMs: milliseconds, handshakeMs: milliseconds, answerMs: milliseconds },
      },
      ...{ shadow, directory },
      authenticator: await daemonAuthenticator(config, io),
      onProgress: subject => io.err(`${printable(subject)}\n`),
    },
    report,
  )
}

/** Judges clients' chains as the daemon would. */
async function daemonAuthenticator(
  { trust, authentication }: Config,
  { clock }: CliIo,
): Promise<Authenticator> {
  const { snapshot } = await loadTrustDirectory(trust.directory, NOTHING_LOADED, { clock })
  return createAuthenticator({ policy: authentication }, { snapshot: () => snapshot, clock })
}

function readRequest(vo: string, query: string) {
  try {
    return requestOfQuery(vo, query.replace(/^\?/, ''))
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new CliError(EXIT.usage, `--request ${query} would not be understood: ${cause.message}`)
  }
}
