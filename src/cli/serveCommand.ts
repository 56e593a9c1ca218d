import { Command } from 'commander'
import { type Logger, pino } from 'pino'
import { formatFinding, SetupError } from '../check/SetupError.ts'
import type { Config } from '../config/types.ts'
import type { LogOutput } from '../observe/logOutput.ts'
import { createLogStream } from '../observe/logStream.ts'
import { type LogCells, logCells } from '../observe/metrics.ts'
import type { OpenLog } from '../observe/openLog.ts'
import { Registry } from '../observe/registry.ts'
import { StartStopped, type Supervisor, startSupervisor } from '../supervise/supervisor.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { parseCount } from './lifetime.ts'
import { printable } from './printable.ts'
import { revision, version } from './version.ts'

/** How long the last lines may take on their way out. */
const LAST_LINES_MS = 500

const HELP = `
The log goes to standard output, a JSON line for each request and event; on a terminal it is made readable.

SIGTERM ends it after what is under way; a second one ends it at once. SIGHUP, as \`vouchd reload\`, reads the
configuration, keys, certificates and trust anchors anew and swaps them in every process, or in none when there is a
fault.

Example:
  vouchd --config /etc/vouchd/vouchd.toml serve`

/** `vouchd serve`: the daemon, in the foreground, until it is asked to end. */
export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('run the daemon in the foreground; SIGTERM ends it after what is under way')
    .option('--wait-for-ports <seconds>', 'wait for addresses that another process has, up to so long')
    .addHelpText('after', HELP)
    .action(context.action((options: { waitForPorts?: string }) => run(context, options.waitForPorts)))
}

async function run(context: CliContext, waitForPorts = '0'): Promise<ExitCode> {
  const { io } = context
  const waitForPortsSeconds = parseCount('--wait-for-ports', waitForPorts, 0, 3600)
  const registry = new Registry()
  const cells = logCells(registry)
  const { stream, output } = io.openLog?.(cells) ?? plainLog(io, cells)
  const log = pino({ base: { pid: process.pid } }, stream)
  const stopAsked = io.stopped()
  let supervisor: Supervisor
  try {
    supervisor = await startSupervisor({
      readConfig: () => readAndTell(context, log),
      clock: io.clock,
      monotonic: () => performance.now(),
      waitForPortsSeconds,
      stopAsked,
      log,
      env: process.env,
      version: version(),
      revision: revision(),
      registry,
    })
  } catch (cause) {
    if (cause instanceof StartStopped) {
      log.info('stopped before everything had started')
      await output.drained(LAST_LINES_MS)
      // Whatever was about to be opened is of no use any more.
      process.exit(EXIT.ok)
    }
    if (!(cause instanceof SetupError)) throw cause
    for (const finding of cause.findings) {
      const advice = context.advise(finding.advice)
      io.err(`vouchd: ${printable(formatFinding({ ...finding, advice }))}\n`)
    }
    return cause.findings.every(({ area }) => area === 'database') ? EXIT.database : EXIT.refused
  }
  io.onHangup(() => void supervisor.reload())
  await stopAsked
  log.info('stopping: no new connections, what is under way is finished')
  const code = await Promise.race([
    supervisor.stop().then(() => EXIT.ok),
    io.stopped().then(() => EXIT.forced),
  ])
  if (code === EXIT.forced) supervisor.kill()
  log.info(code === EXIT.ok ? 'stopped' : 'stopped at once, with work under way')
  await output.drained(LAST_LINES_MS)
  // Whatever still keeps the process alive is of no use any more.
  if (code === EXIT.forced) process.exit(code)
  return code
}

/** The configuration, and in one record of the log what of vomsd's options has no effect. */
function readAndTell(context: CliContext, log: Logger): Config {
  const { config, ignored } = context.loadConfig()
  if (ignored.length > 0) {
    const list = ignored.map(({ file, line, option, why }) => `${file}:${line} ${option}: ${why}`)
    log.warn({ ignored: list }, "options of vomsd's that have no effect here")
  }
  return config
}

/** Without a descriptor of its own the log goes where the output goes. */
function plainLog(io: CliIo, cells: LogCells): OpenLog {
  const output: LogOutput = {
    write(line) {
      io.out(line)
      return true
    },
    drained: async () => {},
  }
  return { stream: createLogStream('json', output, cells), output }
}
