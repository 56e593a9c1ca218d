import { Command } from 'commander'
import { formatFinding } from '../check/SetupError.ts'
import { formatTime } from '../formatTime.ts'
import { NoDaemon } from '../supervise/askControl.ts'
import type { SupervisorStatus } from '../supervise/supervisor.ts'
import { askDaemon } from './askDaemon.ts'
import type { CliContext } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { printable } from './printable.ts'
import { formatTable } from './table.ts'

const HELP = `
Exits with 0 when the daemon is ready, 1 when it runs and is not, 6 when none answers.

Examples:
  vouchd status
  vouchd status --json | jq .workers`

/** `vouchd status`: what the running daemon says of itself. */
export function statusCommand(context: CliContext): Command {
  return new Command('status')
    .description('show the state of the running daemon')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(context.action((options: { json?: true }) => showStatus(context, options.json === true)))
}

async function showStatus({ io, loadConfig }: CliContext, json: boolean): Promise<ExitCode> {
  try {
    const status = (await askDaemon(loadConfig, 'status')) as SupervisorStatus
    io.out(json ? `${JSON.stringify(status, undefined, 2)}\n` : formatStatus(status))
    return status.ready ? EXIT.ok : EXIT.refused
  } catch (cause) {
    if (!(cause instanceof NoDaemon)) throw cause
    io.err(`vouchd: ${printable(cause.message)}\n`)
    return EXIT.noDaemon
  }
}

function formatStatus({
  ready,
  version,
  pid,
  startedAt,
  parts,
  workers,
  vos,
  lastReload,
}: SupervisorStatus): string {
  const lines = [
    `${ready ? 'ready' : 'NOT READY'}: vouchd ${version}, process ${pid}, since ${formatTime(startedAt)}`,
    ...parts.map(
      part =>
        `  ${part.part}: ${part.ready ? 'ready' : 'NOT READY'}${part.why === undefined ? '' : `, ${part.why}`}`,
    ),
    ...(lastReload === undefined ? [] : formatReload(lastReload)),
  ]
  const workerTable = formatTable([
    ['WORKER', 'PROCESS', 'STATE', 'SINCE', 'RESTARTS'],
    ...workers.map(each => [
      String(each.worker),
      String(each.pid ?? '-'),
      each.state,
      formatTime(each.since),
      String(each.restarts),
    ]),
  ])
  const voTable = formatTable([
    ['VO', 'ADDRESSES'],
    ...vos.map(({ vo, addresses }) => [
      vo,
      addresses.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(', '),
    ]),
  ])
  return `${lines.map(printable).join('\n')}\n\n${workerTable}\n${voTable}`
}

function formatReload({ at, ok, findings }: NonNullable<SupervisorStatus['lastReload']>): string[] {
  const when = formatTime(at)
  if (ok) return [`  last reload: ${when}`]
  return [`  last reload: REFUSED on ${when}`, ...findings.map(finding => `    ${formatFinding(finding)}`)]
}
