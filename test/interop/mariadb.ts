import { type ChildProcess, spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stopChild, waitUntil } from './childProcess.ts'
import { programPath } from './programs.ts'
import { runOk } from './run.ts'

/** A private MariaDB on a Unix socket, with one database loaded. */
export interface MariaDb {
  readonly socket: string
  readonly database: string
  readonly user: string
  readonly password: string
  sql(statements: string): Promise<string>
  /** Makes a further database for the same user, and loads a mysqldump into it. */
  load(database: string, dumpFile: string): Promise<void>
  /** Ends it as a crash does. */
  kill(): Promise<void>
  /** Starts it again over the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const DATABASE = 'voms'
const USER = 'voms'
const PASSWORD = 'voms'

/** Starts a MariaDB in `folder` (about three seconds) and loads a mysqldump into it. */
export async function startMariaDb(folder: string, dumpFile: string): Promise<MariaDb> {
  const data = join(folder, 'mariadb')
  const socket = join(folder, 'mariadb.sock')
  // The server refuses to run as root unless told; elsewhere it runs as whoever runs the tests.
  const asUser = process.getuid?.() === 0 ? ['--user=root'] : []
  await install(data, asUser)
  const log = join(folder, 'mariadb.log')
  const start = () =>
    spawn(
      programPath('mariadbd'),
      [
        ...[
          '--no-defaults',
          `--datadir=${data}`,
          `--socket=${socket}`,
          '--skip-networking',
          `--log-error=${log}`,
        ],
        ...['--innodb-buffer-pool-size=32M', '--innodb-flush-log-at-trx-commit=0', '--skip-name-resolve'],
        '--innodb-use-native-aio=0',
        // The dump's server took strings longer than their column silently; a truncated name must be an error.
        ...[`--pid-file=${join(folder, 'mariadb.pid')}`, ...asUser],
      ],
      { stdio: 'ignore' },
    )
  let child = start()
  const sql = (statements: string) => client(socket, statements)
  const untilReady = () => waitUntil(() => sql('SELECT 1'), child, 'mariadbd')
  try {
    await untilReady()
    await sql(
      `CREATE DATABASE ${DATABASE} CHARACTER SET latin1;
       CREATE USER ${USER}@localhost IDENTIFIED BY '${PASSWORD}';
       GRANT ALL ON ${DATABASE}.* TO ${USER}@localhost;`,
    )
    await load(socket, DATABASE, dumpFile)
  } catch (error) {
    await stopChild(child)
    throw error
  }
  return {
    ...{ socket, database: DATABASE, user: USER, password: PASSWORD },
    async load(database, file) {
      await sql(`CREATE DATABASE ${database} CHARACTER SET latin1;
        GRANT ALL ON ${database}.* TO ${USER}@localhost;`)
      await load(socket, database, file)
    },
    sql: statements => client(socket, `USE ${DATABASE};\n${statements}`),
    async kill() {
      const ended = new Promise(resolve => child.once('close', resolve))
      child.kill('SIGKILL')
      await ended
    },
    async restart() {
      child = start()
      await untilReady()
    },
    stop: () => stopChild(child),
  }
}

function client(socket: string, statements: string): Promise<string> {
  const args = ['--no-defaults', '--batch', '--skip-column-names', `--socket=${socket}`, '--user=root']
  return runOk('mariadb', args, { input: statements })
}

/** The dump goes in byte for byte: it holds raw bit values that no text encoding may touch. */
function load(socket: string, database: string, dumpFile: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['--no-defaults', '--binary-mode', `--socket=${socket}`, '--user=root', database]
    const child: ChildProcess = spawn('mariadb', args, { stdio: ['pipe', 'ignore', 'pipe'] })
    let said = ''
    child.stderr?.on('data', chunk => {
      said += chunk
    })
    child.on('error', reject)
    // A client that refuses the dump stops reading it: what it said tells why.
    child.stdin?.on('error', () => {})
    child.on('close', code => (code === 0 ? resolve() : reject(new Error(`loading ${dumpFile}: ${said}`))))
    createReadStream(dumpFile).on('error', reject).pipe(child.stdin!)
  })
}

/** Writes the password file that vomsd wants: mode exactly 0640 and a final newline. */
export async function writePasswordFile(folder: string, password: string): Promise<string> {
  const file = join(folder, 'vomsd.pass')
  await writeFile(file, `${password}\n`)
  await runOk('chmod', ['0640', file])
  return file
}

/** The system's tables. Where other servers start on the machine it fails now and then, and does not say why. */
async function install(data: string, asUser: readonly string[]): Promise<void> {
  const options = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal']
  for (let attempt = 1; ; attempt++) {
    await mkdir(data)
    try {
      await runOk(
        programPath('mariadb-install-db'),
        [...options, '--skip-test-db', '--innodb-use-native-aio=0', ...asUser],
        { timeoutSeconds: 300 },
      )
      return
    } catch (cause) {
      if (attempt === 2) throw cause
      await rm(data, { recursive: true })
    }
  }
}
