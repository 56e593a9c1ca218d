import { Command, InvalidArgumentError, Option } from 'commander'
import { csvHeader, csvLine, type ExportFormat, jsonLine } from '../audit/exportAudit.ts'
import { publicKeyPath, readPublicKeys } from '../audit/headKey.ts'
import type { LogFault } from '../audit/readLog.ts'
import { type AuditFilter, type Issuance, searchAudit } from '../audit/searchAudit.ts'
import { verifyAudit } from '../audit/verifyAudit.ts'
import { isoTime } from '../formatTime.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { printable } from './printable.ts'

const SEARCH_HELP = `
Reads the files only: the daemon may run or not. Run it as the user of the service. Exits with 1 when nothing fits or
a file is damaged.

Examples:
  vouchd audit search --serial 3f0c9b71d0e44c1a8f6de2a4d07b5533
  vouchd audit search --dn '/C=IT/O=G/CN=u' --from 2026-05-01 --until 2026-05-31T12:00:00Z
  vouchd audit search --fqan /vo.example/Role=production --json`

const EXPORT_HELP = `
Takes the same conditions as \`vouchd audit search\`. One AC a line, in the order of time.

Examples:
  vouchd audit export --from 2026-01-01 > 2026.jsonl
  vouchd audit export --format csv --vo vo.example > vo.example.csv`

const VERIFY_HELP = `
Reads every record and checks hashes, numbers, how files follow each other, and the signed heads. Exits with 1 and the
place of the first fault of each log when something is not as it was written. docs/audit.md tells what to do then.

Examples:
  vouchd audit verify
  vouchd audit verify --key /root/kept/heads.key.pub --checkpoint 9c1f...`

/** `vouchd audit search|verify|export`: who got what, when. */
export function auditCommand(context: CliContext): Command {
  const search = withFilter(new Command('search'))
    .description('find ACs by holder, FQAN, serial, time, VO or request')
    .option('--json', 'print a line of JSON for each AC')
    .addHelpText('after', SEARCH_HELP)
    .action(context.action((options: FilterArguments & { json?: true }) => runSearch(context, options)))
  const exporting = withFilter(new Command('export'))
    .description('write what was issued as lines of JSON or as CSV')
    .addOption(new Option('--format <format>', 'how it is written').choices(['json', 'csv']).default('json'))
    .addHelpText('after', EXPORT_HELP)
    .action(
      context.action((options: FilterArguments & { format: ExportFormat }) => runExport(context, options)),
    )
  const verify = new Command('verify')
    .description('check that no record was changed, removed or put in')
    .option(
      '--key <file>',
      'a public key that heads were signed with, beside the configured one',
      collect,
      [],
    )
    .option('--checkpoint <hash>', 'a checkpoint that was noted earlier must still be there', parseHash)
    .option('--json', 'print JSON')
    .addHelpText('after', VERIFY_HELP)
    .action(context.action((options: VerifyArguments) => runVerify(context, options)))
  return new Command('audit')
    .description('search, verify and export the record of what was issued')
    .addCommand(search)
    .addCommand(verify)
    .addCommand(exporting)
}

type FilterArguments = AuditFilter

interface VerifyArguments {
  readonly key: readonly string[]
  readonly checkpoint?: string
  readonly json?: true
}

function withFilter(command: Command): Command {
  return command
    .option('--serial <hex>', 'serial of the AC')
    .option('--dn <dn>', "subject of the holder's certificate")
    .option('--fqan <fqan>', 'an FQAN that the AC holds')
    .option('--vo <name>', 'the VO')
    .option('--id <id>', 'id of the request, from an error text or the log')
    .option('--from <time>', 'not before this time: 2026-05-01 or 2026-05-01T12:00:00Z', parseTime)
    .option('--until <time>', 'not after it; a date means its end', parseUntil)
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

function parseHash(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('write 64 hexadecimal digits.')
  return text
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/

function parseTime(text: string): number {
  const milliseconds = DATE.test(text) || MOMENT.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(milliseconds)) {
    throw new InvalidArgumentError('write 2026-05-01 or 2026-05-01T12:00:00Z.')
  }
  return Math.floor(milliseconds / 1000)
}

function parseUntil(text: string): number {
  return parseTime(text) + (DATE.test(text) ? 86_399 : 0)
}

async function runSearch(
  context: CliContext,
  { json, ...filter }: FilterArguments & { json?: true },
): Promise<ExitCode> {
  const found = await forEachIssuance(context, filter, json ? jsonLine : formatIssuance)
  return found.count > 0 && !found.damaged ? EXIT.ok : EXIT.refused
}

async function runExport(
  context: CliContext,
  { format, ...filter }: FilterArguments & { format: ExportFormat },
): Promise<ExitCode> {
  if (format === 'csv') context.io.out(csvHeader)
  const found = await forEachIssuance(context, filter, format === 'csv' ? csvLine : jsonLine)
  return found.damaged ? EXIT.refused : EXIT.ok
}

async function forEachIssuance(
  { io, loadConfig }: CliContext,
  filter: AuditFilter,
  format: (issuance: Issuance) => string,
): Promise<{ count: number; damaged: boolean }> {
  const { folder } = loadConfig().config.audit
  let count = 0
  let damaged = false
  const onFault = (fault: LogFault) => {
    damaged = true
    io.err(`vouchd: ${printable(formatFault(fault))}\n`)
  }
  await readable(folder, async () => {
    for await (const issuance of searchAudit(folder, filter, onFault)) {
      count++
      io.out(format(issuance))
    }
  })
  return { count, damaged }
}

/** One AC for people: who and when, then what. */
function formatIssuance(issuance: Issuance): string {
  const { outcome, code, notBefore, notAfter } = issuance
  const lines = [
    `${isoTime(issuance.time)}  ${outcome}${code === undefined ? '' : ` (${code})`}  ${issuance.vo}  ${issuance.serial}`,
    `  holder    ${issuance.holder}  (serial ${issuance.holderSerial})`,
    `  issued by ${issuance.issuer}`,
    `  valid     ${isoTime(notBefore)} to ${isoTime(notAfter)}`,
    `  request   ${issuance.id}, ${issuance.protocol} from ${issuance.address}`,
    ...issuance.fqans.map(fqan => `  ${fqan}`),
  ]
  return `${lines.map(printable).join('\n')}\n\n`
}

async function runVerify({ io, loadConfig }: CliContext, options: VerifyArguments): Promise<ExitCode> {
  const { folder, headKey } = loadConfig().config.audit
  const keys = readPublicKeys([publicKeyPath(headKey), ...options.key])
  const { checkpoint } = options
  const report = await readable(folder, () => verifyAudit({ folder, keys, checkpoint }, io.clock))
  const ok = report.faults.length === 0
  if (options.json) io.out(`${JSON.stringify({ ok, ...report }, undefined, 2)}\n`)
  else {
    const { records, logs, checkpoints, newestCheckpoint, faults } = report
    io.out(`${records} records in ${logs} logs, ${checkpoints} signed checkpoints\n`)
    if (newestCheckpoint !== undefined) io.out(`newest checkpoint ${newestCheckpoint}\n`)
    for (const fault of faults) io.out(`FAULT ${printable(formatFault(fault))}\n`)
    io.out(ok ? 'all is as it was written\n' : `${faults.length} faults: docs/audit.md tells what to do\n`)
  }
  return ok ? EXIT.ok : EXIT.refused
}

function formatFault({ file, offset, n, what }: LogFault): string {
  return `${file}, octet ${offset}, record ${n}: ${what}`
}

async function readable<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM') throw cause
    throw new CliError(EXIT.refused, `${path ?? folder} may not be read: run as the user of the service`)
  }
}
