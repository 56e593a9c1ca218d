import { randomInt } from 'node:crypto'
import { Command } from 'commander'
import { type DestinationStream, pino } from 'pino'
import { checkCredentials } from '../check/checkCredentials.ts'
import { readConfig } from '../config/readConfig.ts'
import type { Config } from '../config/types.ts'
import { createEvents } from '../events.ts'
import { plainLine } from '../observe/plainLine.ts'
import { runServer } from '../server.ts'
import type { CliContext } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { printable } from './printable.ts'

/** `vouchd serve`: the daemon, in the foreground, until it is asked to end. */
export function serveCommand(context: CliContext): Command {
  const { io } = context
  return new Command('serve')
    .description('run the daemon in the foreground; SIGTERM ends it after what is under way')
    .addHelpText(
      'after',
      '\nThe log goes to standard output, a JSON line for each request and event.\n\nExample:\n  vouchd --config /etc/vouchd/vouchd.toml serve',
    )
    .action(
      context.action(async (): Promise<ExitCode> => {
        const config = readConfig(context.configFile())
        const faults = credentialFaults(config, io.clock.now())
        if (faults.length > 0) {
          for (const fault of faults) io.err(`${printable(fault)}\n`)
          return EXIT.refused
        }
        const log = pino({ level: config.log.level, base: { pid: process.pid } }, sink(io.out))
        const server = await runServer(config, {
          clock: io.clock,
          monotonic: () => performance.now(),
          events: createEvents(log),
          processNumber: randomInt(2 ** 32),
        })
        log.info({ vos: server.addresses }, 'ready')
        io.onHangup(() => void server.reloadTrust())
        await io.stopped()
        log.info('stopping: no new connections, what is under way is finished')
        await server.close()
        log.info('stopped')
        return EXIT.ok
      }),
    )
}

/** What `check` would say of keys and certificates, as far as it keeps the daemon from working. */
function credentialFaults(config: Config, now: number): string[] {
  const { findings } = checkCredentials(config, process.getuid?.() ?? 0, now)
  return findings
    .filter(({ level }) => level === 'error')
    .map(({ place, what, advice }) => `${place}: ${what}; ${advice}`)
}

function sink(out: (text: string) => void): DestinationStream {
  return { write: line => out(plainLine(line)) }
}
