import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { reachable, stopChild, waitUntil } from './childProcess.ts'
import { freePort } from './freePort.ts'
import { type MariaDb, writePasswordFile } from './mariadb.ts'
import { programPath } from './programs.ts'
import type { World } from './world.ts'

/** A running server that ACs are asked of: vouchd or its peer. */
export interface AcServer {
  readonly port: number
  readonly logFile: string
  stop(): Promise<void>
}

export interface VomsdOptions {
  readonly vo: string
  readonly maxLifetimeSeconds: number
  /** Further command-line options, such as `-shortfqans`. */
  readonly further?: readonly string[]
}

/** Starts Debian's vomsd on a free port, over a database that mariadb.ts started. */
export async function startVomsd(world: World, database: MariaDb, options: VomsdOptions): Promise<AcServer> {
  const port = await freePort()
  const logFile = join(world.folder, `vomsd-${port}.log`)
  const passfile = await writePasswordFile(world.folder, database.password)
  const output = await open(`${logFile}.out`, 'w')
  const child = spawn(
    programPath('voms'),
    [
      // -debug: stays in the foreground, so that it can be stopped; -foreground does not.
      ...['-debug', '-vo', options.vo, '-port', `${port}`, '-code', `${port}`],
      ...['-uri', world.uri, '-timeout', `${options.maxLifetimeSeconds}`],
      ...['-x509_user_cert', world.host.certificate, '-x509_user_key', world.host.key],
      ...['-x509_cert_dir', world.trustDirectory, '-sqlloc', programPath('libvomsmysql.so')],
      ...['-dbname', database.database, '-username', database.user, '-contactstring', 'localhost'],
      ...['-mysql-socket', database.socket, '-passfile', passfile],
      ...['-logfile', logFile, '-loglevel', '5', '-logtype', '255', ...(options.further ?? [])],
    ],
    {
      stdio: ['ignore', output.fd, output.fd],
      env: { ...process.env, X509_VOMS_DIR: world.vomsdir, X509_CERT_DIR: world.trustDirectory },
    },
  )
  await output.close()
  try {
    await waitUntil(() => reachable(port), child, 'vomsd')
  } catch (error) {
    await stopChild(child)
    throw error
  }
  return { port, logFile, stop: () => stopChild(child) }
}
