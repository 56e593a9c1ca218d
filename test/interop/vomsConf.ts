import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_LIFETIME_SECONDS } from './cases.ts'
import { VO } from './dump.ts'
import { freePort } from './freePort.ts'
import { type MariaDb, writePasswordFile } from './mariadb.ts'
import type { World } from './world.ts'

/** One of vomsd's option files, and the port that it names. */
export interface VomsConfFile {
  readonly file: string
  readonly port: number
}

/**
 * Writes VO/voms.conf as VOMS Admin's configuration tool does, for a free port: `voms --conf` and
 * `vouchd serve --voms-conf` both start from it as it is.
 */
export async function writeVomsConf(world: World, database: MariaDb, sqlloc: string): Promise<VomsConfFile> {
  const port = await freePort()
  const folder = join(world.folder, 'voms', VO)
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'voms.conf')
  const options = {
    x509_user_cert: world.host.certificate,
    x509_user_key: world.host.key,
    x509_cert_dir: world.trustDirectory,
    dbname: database.database,
    contactstring: 'localhost',
    'mysql-socket': database.socket,
    username: database.user,
    logfile: join(world.folder, `vomsd-${port}.log`),
    loglevel: 4,
    logtype: 7,
    passfile: await writePasswordFile(world.folder, database.password),
    port,
    code: port,
    sqlloc,
    vo: VO,
    uri: world.uri,
    timeout: MAX_LIFETIME_SECONDS,
    socktimeout: 60,
    'max-reqs': 50,
  }
  await writeFile(
    file,
    Object.entries(options)
      .map(([name, value]) => `--${name}=${value}\n`)
      .join(''),
  )
  return { file, port }
}
