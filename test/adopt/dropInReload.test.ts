import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askRest, userNamed } from '../e2e/daemon.ts'
import { freePort } from '../interop/freePort.ts'
import { type MariaDb, startMariaDb, writePasswordFile } from '../interop/mariadb.ts'
import { missing } from '../interop/programs.ts'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  runCommand,
  runDaemon,
  type SiteFolder,
  until,
  WORKERS,
} from '../supervise/daemonProcess.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const dump = (name: string) => fileURLToPath(new URL(`../vectors/dumps/${name}.sql`, import.meta.url))
const found = findPostgres()
const why = missing(['mariadbd', 'mariadb-install-db']) ?? ('skip' in found ? found.skip : undefined)
/** For what the daemon does in periods of its own. */
const LONG_MS = 200_000

describe.skipIf(why !== undefined)(
  `a folder of vomsd's files over PostgreSQL, and its reload${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    let site: SiteFolder
    let maria: MariaDb
    let cluster: PostgresCluster
    let daemon: DaemonProcess
    const ports = { small: 0, old: 0 }
    const ada = userNamed('ada')

    beforeAll(async () => {
      site = makeSiteFolder()
      // One VO in each of the two schema versions.
      maria = await startMariaDb(site.folder, dump('vomsAdmin3'))
      await maria.load('old', dump('vomsAdmin2'))
      await maria.sql(`
        UPDATE ca SET subject_string = '/C=IT/O=Test/CN=CA' WHERE cid = 1;
        UPDATE certificate SET subject_string = '/C=IT/O=Test/CN=ada' WHERE id = 1;
        UPDATE old.ca SET ca = '/C=IT/O=Test/CN=CA' WHERE cid = 1;
        UPDATE old.usr SET dn = '/C=IT/O=Test/CN=ada' WHERE userid = 1;`)
      await writePasswordFile(site.folder, maria.password)
      ports.small = await freePort()
      ports.old = await freePort()
      writeConf('small', maria.database)
      cluster = await startPostgres()
      const { host, port, database } = cluster.createDatabase()
      cluster.psql('postgres', 'create role vouchd login')
      writeFileSync(
        site.config,
        `${WORKERS}[log]\nlevel = "debug"\n[observe]\nlisten = []\n[audit]\nfolder = "audit"
[trust]\ndirectory = "certificates"\nvomsdir = "vomsdir"
[store]\nkind = "postgres"\nhost = "${host}"\nport = ${port}\ndatabase = "${database}"\nownerUser = "super"\n`,
      )
      const migrated = await runCommand(site, '--voms-conf', site.path('voms'), 'migrate')
      expect(migrated).toMatchObject({ code: 0 })
      daemon = runDaemon(site, { command: [process.execPath, MAIN, '--voms-conf', site.path('voms')] })
      await daemon.line('ready')
    }, LONG_MS)
    afterAll(async () => {
      await daemon?.stop()
      await maria?.stop()
      cluster?.dispose()
      site?.remove()
    })

    function writeConf(vo: 'small' | 'old' | 'broken', database: string): void {
      mkdirSync(site.path(`voms/${vo}`), { recursive: true })
      writeFileSync(
        join(site.path('voms'), vo, 'voms.conf'),
        `--vo=${vo} --port=${vo === 'broken' ? 1 : ports[vo]} --uri=voms.example.org:15000
--x509_user_cert=${site.path('host.pem')} --x509_user_key=${site.path('host.key')}
--dbname=${database} --username=${maria.user} --mysql-socket=${maria.socket} --passfile=${site.path('vomsd.pass')}\n`,
      )
    }

    const ask = async (vo: 'small' | 'old', query = '') => {
      const { status, code } = await askRest(ports[vo], [ada], query)
      return code ?? status
    }
    const refusedPort = (port: number) =>
      askRest(port, [ada]).then(
        () => false,
        (cause: NodeJS.ErrnoException) => cause.code === 'ECONNREFUSED',
      )

    /** SIGHUP, and what the log says of it. */
    async function hangUp(message: 'reloaded' | 'not reloaded: what was served before is still served') {
      const from = daemon.log.length
      daemon.child.kill('SIGHUP')
      return await daemon.line(message, from)
    }

    it(
      'mirrors the VO of version 3, and a suspension in it',
      async () => {
        expect(await ask('small', '?fqans=/small/G1/Role=R1')).toBe(200)
        await maria.sql(`UPDATE certificate SET suspended = b'1' WHERE id = 1`)
        await until(async () => (await ask('small')) === 'SuspendedUser')
        expect(cluster.psql('t1', 'select name || followed_from from vouchd.vo')).toBe(
          `smallmysql://voms@${maria.socket}/voms`,
        )
      },
      LONG_MS,
    )

    it(
      'does not take up a VO whose database cannot be read, and says which',
      async () => {
        writeConf('broken', 'nowhere')
        const { findings } = await hangUp('not reloaded: what was served before is still served')
        expect(JSON.stringify(findings)).toMatch(/nowhere refuses the connection/)
        expect(await ask('small')).toBe('SuspendedUser')
        rmSync(site.path('voms/broken'), { recursive: true })
      },
      LONG_MS,
    )

    it(
      'takes up a VO of version 2 at SIGHUP, and follows it',
      async () => {
        writeConf('old', 'old')
        await hangUp('reloaded')
        expect(await ask('old', '?fqans=/old/G1/Role=R1')).toBe(200)
        await maria.sql(`USE old; UPDATE m SET rid = NULL WHERE userid = 1 AND rid = 1`)
        await until(async () => (await ask('old', '?fqans=/old/G1/Role=R1')) === 'BadRequest')
        expect(await ask('old')).toBe(200)
        expect(await ask('small')).toBe('SuspendedUser')
      },
      LONG_MS,
    )

    it(
      'lets a VO go whose file is gone, and follows the other one still',
      async () => {
        rmSync(site.path('voms/small'), { recursive: true })
        await hangUp('reloaded')
        await until(() => refusedPort(ports.small))
        expect((await daemon.status()).vos.map(({ vo }) => vo)).toEqual(['old'])
        const connections = await maria.sql(
          `SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'voms'`,
        )
        expect(connections.trim()).toBe('1')
        await maria.sql(`USE old; DELETE FROM usr WHERE userid = 1`)
        await until(async () => (await ask('old')) === 'NoSuchUser')
      },
      LONG_MS,
    )

    it(
      'takes it up again from where it was left',
      async () => {
        await maria.sql(`UPDATE certificate SET suspended = b'0' WHERE id = 1`)
        writeConf('small', maria.database)
        await hangUp('reloaded')
        await until(async () => (await ask('small')) === 200)
      },
      LONG_MS,
    )

    it(
      'writes nothing, and asks a few questions alone, when nothing has changed',
      async () => {
        const idle = () => daemon.line('the source of the VO has not changed', daemon.log.length)
        const figures = async () => {
          await idle()
          const selects = await maria.sql(`SHOW GLOBAL STATUS LIKE 'Com_select'`)
          const writes = cluster.psql(
            't1',
            `select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables where schemaname = 'vouchd'`,
          )
          return { selects: Number(selects.split(/\s+/)[1]), writes }
        }
        const before = await figures()
        const from = daemon.log.length
        await idle()
        await idle()
        const after = await figures()
        const looks = daemon.log
          .slice(from)
          .filter(({ msg }) => msg === 'the source of the VO has not changed')
        expect(after.writes).toBe(before.writes)
        // 4 tables of members, 7 others, 4 of them twice.
        expect(after.selects - before.selects).toBeLessThanOrEqual(15 * (looks.length + 1))
      },
      LONG_MS,
    )
  },
)
