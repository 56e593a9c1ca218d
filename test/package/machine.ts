import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../packaging/origin.ts'
import { run } from '../../packaging/run.ts'
import { until } from '../supervise/daemonProcess.ts'
import { debianBase } from './debianBase.ts'

/** A booted Debian with a network of its own, this checkout at /checkout and systemd as its first process. */
export interface Machine {
  /** Its file tree, seen from outside. */
  readonly root: string
  /** Runs a command line in it as root, to its end. */
  sh(line: string): Said
  /** Starts a program in it. */
  spawn(program: string, ...args: string[]): ChildProcess
  stop(): Promise<void>
}

export interface Said {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

const PROGRAMS = {
  debootstrap: 'debootstrap',
  'systemd-nspawn': 'systemd-container',
  nsenter: 'util-linux',
  'dpkg-deb': 'dpkg',
} as const

/** Why no machine can be booted here, in words with what to do; undefined where one can. */
export function cannotBoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root boots a container'
  for (const [program, bringer] of Object.entries(PROGRAMS)) {
    if (spawnSync(program, ['--version']).error !== undefined) {
      return `${program} not installed: apt-get install --no-install-recommends ${bringer}`
    }
  }
  return undefined
}

/** Unpacks and boots one; it is gone with this process, or when it is stopped. */
export async function bootMachine(prepare: (root: string) => void): Promise<Machine> {
  const base = debianBase()
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-machine-'))
  const root = join(folder, 'root')
  mkdirSync(root)
  run('tar', ['-xpf', base, '-C', root])
  // A machine of its own, with a journal to look at.
  writeFileSync(join(root, 'etc/machine-id'), '')
  prepare(root)
  const container = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'systemd-nspawn', '--quiet', '-D', root, '--boot', '--private-network'],
      ...['--register=no', '--keep-unit', '--console=pipe', `--bind-ro=${ROOT}:/checkout`],
      // As on a real machine; nspawn alone would forbid locking memory, which a heap for keys needs.
      ...['--system-call-filter=@memlock', '--machine', `vouchd-test-${process.pid}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let console = ''
  for (const stream of [container.stdout, container.stderr]) {
    stream.on('data', chunk => {
      console += chunk
    })
  }
  const ended = new Promise<void>(resolve => container.once('close', () => resolve()))
  const first = await Promise.race([
    until(() => firstProcess(container.pid!)),
    ended.then(() => {
      throw new Error(`the container does not boot: ${console}`)
    }),
  ])
  const enter = ['-t', first, '-m', '-u', '-i', '-n', '-p', '-C', '--']
  const machine: Machine = {
    root,
    sh(line) {
      const { status, stdout, stderr } = spawnSync('nsenter', [...enter, 'bash', '-c', line], {
        encoding: 'utf8',
        cwd: '/',
        env: {
          PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
          LANG: 'C.UTF-8',
          HOME: '/root',
          DEBIAN_FRONTEND: 'noninteractive',
        },
      })
      return { status, out: stdout, err: stderr }
    },
    spawn: (program, ...args) => spawn('nsenter', [...enter, program, ...args], { cwd: '/' }),
    async stop() {
      machine.sh('systemctl poweroff')
      const kill = setTimeout(() => container.kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(kill)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await until(() => /running|degraded/.test(machine.sh('systemctl is-system-running --wait').out))
  return machine
}

/** The number of the container's first process, once systemd runs in it. */
function firstProcess(parent: number): string | undefined {
  const [child] = read(`/proc/${parent}/task/${parent}/children`).trim().split(' ')
  return child && read(`/proc/${child}/comm`).trim() === 'systemd' ? child : undefined
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
