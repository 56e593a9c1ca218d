import { bindHandle } from '../../src/supervise/listenHandle.ts'
import {
  type DaemonProcess,
  MAIN,
  makeSiteFolder,
  PATIENT,
  runCommand,
  startDaemonProcess,
} from './daemonProcess.ts'
import { type LoadResult, startLoad } from './load.ts'

/** What came of restarts under load: how the daemons ended that were replaced, and their clients' luck. */
export interface RollResult extends LoadResult {
  readonly exits: readonly (number | null)[]
  readonly longestStopMs: number
  /** What `vouchd migrate` said, half-way, beside the clients. */
  readonly migrated: { readonly code: number | null; readonly out: string; readonly err: string } | undefined
}

/**
 * Starts the daemon as a service manager does, on a socket that outlives it, and replaces it again and again while
 * clients ask without pause.
 */
export async function rollRestarts(
  count: number,
  tell: (progress: string) => void = () => {},
): Promise<RollResult> {
  const handle = bindHandle({ host: '127.0.0.1', port: 0 }) as unknown as SocketHandle
  const bound: { port?: number } = {}
  handle.getsockname(bound)
  const port = bound.port!
  const site = makeSiteFolder([['vo.0', `127.0.0.1:${port}`]], { tables: PATIENT })
  const launch = {
    // sd_listen_fds(3): the number of the process is only known in it.
    command: ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, MAIN],
    stdio: [handle.fd],
    env: { LISTEN_FDS: '1', LISTEN_FDNAMES: 'vo.0' },
  }
  const exits: (number | null)[] = []
  let longestStopMs = 0
  let migrated: RollResult['migrated']
  let daemon: DaemonProcess | undefined
  try {
    daemon = await startDaemonProcess(site, launch)
    const load = startLoad(() => port)
    for (let restart = 0; restart < count; restart++) {
      tell(`${restart} restarts`)
      if (restart === Math.floor(count / 2)) migrated = await runCommand(site, 'migrate')
      const told = performance.now()
      daemon.child.kill('SIGTERM')
      exits.push((await daemon.ended).code)
      longestStopMs = Math.max(longestStopMs, Math.round(performance.now() - told))
      daemon = await startDaemonProcess(site, launch)
    }
    return { ...(await load.stop()), exits, longestStopMs, migrated }
  } finally {
    await daemon?.stop()
    handle.close()
    site.remove()
  }
}

interface SocketHandle {
  readonly fd: number
  getsockname(out: { port?: number }): number
  close(): void
}
