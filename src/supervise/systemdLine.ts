import { spawn } from 'node:child_process'

/** The line to the service manager; see sd_notify(3). Says nothing where there is none. */
export interface SystemdLine {
  ready(status: string): void
  reloading(): void
  /** One line for `systemctl status`. */
  status(status: string): void
  stopping(): Promise<void>
}

export interface SystemdLineDeps {
  readonly env: NodeJS.ProcessEnv
  /** The program that sends; another one only in tests. */
  readonly program?: string
  /** Told once when nothing can be sent. */
  readonly onFault: (cause: Error) => void
}

/** Microseconds of CLOCK_MONOTONIC, which sd_notify(3) wants with RELOADING=1. */
const monotonicMicroseconds = () => process.hrtime.bigint() / 1000n

/**
 * Notifies by systemd-notify(1), since Node.js opens no datagram Unix sockets: starting it stops this process for
 * some milliseconds, which only a process that serves nobody can afford. One runs at a time.
 */
export function openSystemdLine({ env, program = 'systemd-notify', onFault }: SystemdLineDeps): SystemdLine {
  const { NOTIFY_SOCKET, PATH } = env
  if (NOTIFY_SOCKET === undefined) {
    return { ready() {}, reloading() {}, status() {}, async stopping() {} }
  }
  const childEnv = { NOTIFY_SOCKET, ...(PATH !== undefined && { PATH }) }
  let queue: Promise<void> = Promise.resolve()
  let lastStatus = ''
  let faulty = false

  function send(assignments: readonly string[]): Promise<void> {
    queue = queue.then(
      () =>
        new Promise(resolve => {
          const child = spawn(program, [...assignments], { env: childEnv, stdio: 'ignore' })
          child.once('error', cause => {
            if (!faulty) onFault(cause)
            faulty = true
            resolve()
          })
          child.once('exit', () => resolve())
        }),
    )
    return queue
  }

  const watchdogMicroseconds = Number(env['WATCHDOG_USEC'] ?? 0)
  if (watchdogMicroseconds > 0) {
    // Three chances to be heard in time.
    setInterval(() => void send(['WATCHDOG=1']), watchdogMicroseconds / 3000).unref()
  }

  return {
    ready(status) {
      lastStatus = status
      void send(['READY=1', `STATUS=${status}`])
    },
    reloading: () => void send(['RELOADING=1', `MONOTONIC_USEC=${monotonicMicroseconds()}`]),
    status(status) {
      if (status === lastStatus) return
      lastStatus = status
      void send([`STATUS=${status}`])
    },
    stopping: () => send(['STOPPING=1', 'STATUS=finishing what is under way']),
  }
}
