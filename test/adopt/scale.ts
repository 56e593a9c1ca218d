import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { followSource } from '../../src/adopt/followSource.ts'
import { importVomsAdmin } from '../../src/adopt/importVomsAdmin.ts'
import { openMysql } from '../../src/adopt/mysqlDatabase.ts'
import { VOMS_ADMIN } from '../../src/adopt/vomsAdmin.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { migrate } from '../../src/store/migrate.ts'
import { startMariaDb } from '../interop/mariadb.ts'
import { missing } from '../interop/programs.ts'

// How long a large VOMS Admin database takes: node test/adopt/scale.ts [MEMBERS]. Prints what docs/migrate.md holds.

const clock = { now: () => Math.floor(Date.now() / 1000) }

/** Writes a mysqldump of a VO of that many members: one certificate each, two groups and a role for some. */
async function writeDump(file: string, members: number): Promise<void> {
  const out = await open(file, 'w')
  const table = (name: string, columns: string) =>
    out.write(`CREATE TABLE \`${name}\` (\n${columns}\n) ENGINE=InnoDB DEFAULT CHARSET=latin1;\n`)
  const rows = async (name: string, count: number, row: (n: number) => string) => {
    for (let first = 1; first <= count; first += 1000) {
      const some = Array.from({ length: Math.min(1000, count - first + 1) }, (_, n) => row(first + n))
      await out.write(`INSERT INTO \`${name}\` VALUES ${some.join(',')};\n`)
    }
  }
  await out.write('/*!40101 SET NAMES utf8 */;\n')
  await table('version', '  `version` int(11) NOT NULL')
  await out.write('INSERT INTO `version` VALUES (3);\n')
  await table('ca', '  `cid` smallint(6) NOT NULL,\n  `subject_string` varchar(255),\n  PRIMARY KEY (`cid`)')
  await out.write(`INSERT INTO \`ca\` VALUES (1,'/C=IT/O=Scale/CN=CA');\n`)
  await table(
    'groups',
    '  `gid` bigint(20) NOT NULL,\n  `dn` varchar(255),\n  `parent` bigint(20),\n  PRIMARY KEY (`gid`)',
  )
  await rows('groups', 51, n => (n === 1 ? `(1,'/scale',1)` : `(${n},'/scale/g${n}',1)`))
  await table('roles', '  `rid` bigint(20) NOT NULL,\n  `role` varchar(255),\n  PRIMARY KEY (`rid`)')
  await out.write(`INSERT INTO \`roles\` VALUES (1,'production');\n`)
  await table(
    'usr',
    '  `userid` bigint(20) NOT NULL,\n  `dn` varchar(255),\n  `email_address` varchar(255),\n  `end_time` datetime,\n  `name` varchar(255),\n  `surname` varchar(255),\n  `suspended` bit(1),\n  PRIMARY KEY (`userid`)',
  )
  await rows(
    'usr',
    members,
    n =>
      `(${n},'/C=IT/O=Scale/CN=Member ${n}','m${n}@scale.example','2030-01-01 00:00:00','Member','Number ${n}','\\0')`,
  )
  await table(
    'certificate',
    '  `id` bigint(20) NOT NULL,\n  `subject_string` varchar(255),\n  `suspended` bit(1),\n  `suspended_reason` varchar(255),\n  `ca_id` smallint(6),\n  `usr_id` bigint(20),\n  PRIMARY KEY (`id`)',
  )
  await rows('certificate', members, n => `(${n},'/C=IT/O=Scale/CN=Member ${n}','\\0',NULL,1,${n})`)
  await table(
    'm',
    '  `mapping_id` bigint(20) NOT NULL,\n  `gid` bigint(20),\n  `rid` bigint(20),\n  `userid` bigint(20),\n  PRIMARY KEY (`mapping_id`)',
  )
  // Everybody in the VO and in one group; every fifth has the role there.
  await rows('m', members, n => `(${n},1,NULL,${n})`)
  await rows('m', members, n => `(${members + n},${2 + (n % 50)},NULL,${n})`)
  await rows('m', Math.floor(members / 5), n => `(${2 * members + n},${2 + ((5 * n) % 50)},1,${5 * n})`)
  await out.write('-- Dump completed on 2026-01-01  0:00:00\n')
  await out.close()
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const cpu = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(`${what}: ${seconds} s, ${((user + system) / 1e6).toFixed(1)} s of processor, ${memory} MB`)
  return result
}

const members = Number(process.argv[2] ?? 100_000)
const folder = mkdtempSync(join(tmpdir(), 'vouchd-scale-'))
try {
  const dump = join(folder, 'scale.sql')
  await writeDump(dump, members)
  const db = await openEmbedded(join(folder, 'import'))
  await migrate(db)
  let phase = ''
  let since = performance.now()
  await timed(`import of ${members} members from a dump`, () =>
    importVomsAdmin(dump, 'scale', db, {
      clock,
      onProgress(progress) {
        if (progress.phase === phase) return
        if (phase !== '') console.log(`  ${phase}: ${((performance.now() - since) / 1000).toFixed(1)} s`)
        phase = progress.phase
        since = performance.now()
      },
    }),
  )
  console.log(`  ${phase}: ${((performance.now() - since) / 1000).toFixed(1)} s`)
  if (missing(['mariadbd', 'mariadb-install-db']) === undefined) {
    await db.query('delete from vouchd.vo')
    const maria = await startMariaDb(folder, dump)
    try {
      const address = { host: 'localhost', port: 3306, socket: maria.socket, database: maria.database }
      const source = await openMysql({ ...address, user: maria.user, password: maria.password, tls: 'off' })
      const look = () => followSource(source, db, { clock, kind: VOMS_ADMIN, vo: 'scale' })
      await timed('first look of a follower', look)
      await timed('a look when nothing changed', look)
      await maria.sql(`UPDATE certificate SET suspended = b'1' WHERE id = ${Math.ceil(members / 2)}`)
      const { kind, changes } = await timed('a look after one suspension', look)
      console.log(`  ${kind}, ${JSON.stringify(changes['certificate'])}`)
      source.close()
    } finally {
      await maria.stop()
    }
  }
  await db.close()
} finally {
  rmSync(folder, { recursive: true })
}
