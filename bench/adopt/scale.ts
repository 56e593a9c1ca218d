// How long a large VOMS Admin database takes, from a dump and from a live MariaDB, and a follower's looks at it. Run:
// node bench/adopt/scale.ts [options]; --help tells them.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openDump } from '../../src/adopt/dumpSource.ts'
import { followSource } from '../../src/adopt/followSource.ts'
import { type ImportResult, importSource } from '../../src/adopt/importSource.ts'
import { openMysql } from '../../src/adopt/mysqlDatabase.ts'
import { VOMS_ADMIN } from '../../src/adopt/vomsAdmin.ts'
import { systemClock } from '../../src/clock.ts'
import type { Database } from '../../src/store/database.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPostgres } from '../../src/store/postgres.ts'
import { startMariaDb } from '../../test/interop/mariadb.ts'
import { startPostgres } from '../../test/store/postgresCluster.ts'
import { processorTimeOf } from '../load/processorTime.ts'
import { writeVomsAdminDump } from './writeVomsAdminDump.ts'

const HELP = `node bench/adopt/scale.ts [options]
  --members N    of the generated VO (100000)
  --store KIND   where they go: embedded, or a PostgreSQL server of its own, postgres (embedded)
  --json         JSON instead of a table

Elapsed time is that of the wall. Processor time and memory (the most so far) are those of this process, which is what
vouchd itself takes, the embedded database included; MariaDB's and PostgreSQL's processor time stands behind it.`

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '100000' },
    store: { type: 'string', default: 'embedded' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const members = Number(values.members)
if (!Number.isInteger(members) || members < 10) throw new Error('--members: write a whole number from 10')
if (values.store !== 'embedded' && values.store !== 'postgres')
  throw new Error('--store: embedded or postgres')

interface Measured {
  readonly what: string
  readonly seconds: number
  readonly processorSeconds: number
  readonly serverSeconds: number
  readonly peakMegabytes: number
}
const measured: Measured[] = []

/** Files with the numbers of the servers' processes, in the first line. */
const servers: string[] = []
const serverTime = () =>
  servers.reduce((sum, file) => sum + processorTimeOf(Number.parseInt(readFileSync(file, 'utf8'), 10)), 0)

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const used = process.cpuUsage()
  const usedByServers = serverTime()
  const result = await work()
  const { user, system } = process.cpuUsage(used)
  const one = {
    what,
    seconds: (performance.now() - began) / 1000,
    processorSeconds: (user + system) / 1e6,
    serverSeconds: serverTime() - usedByServers,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }
  measured.push(one)
  if (!values.json) console.log(formatLine(one))
  return result
}

function formatLine({ what, seconds, processorSeconds, serverSeconds, peakMegabytes }: Measured): string {
  const times = [seconds, processorSeconds, serverSeconds].map(time => time.toFixed(2).padStart(7))
  const [elapsed, own, others] = times
  const memory = peakMegabytes.toFixed(0)
  return `${what.padEnd(29)} ${elapsed} s, processor ${own} s, servers' ${others} s, ${memory} MB`
}

const folder = mkdtempSync(join(tmpdir(), 'vouchd-scale-'))
const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })]

async function openTarget(): Promise<Database> {
  if (values.store === 'embedded') return openEmbedded(join(folder, 'embedded'))
  const cluster = await startPostgres({ shared_buffers: '128MB' })
  closers.unshift(() => cluster.dispose())
  servers.push(join(cluster.data, 'postmaster.pid'))
  return createPostgres(cluster.createDatabase({ queryTimeoutSeconds: 60 }), { role: 'owner' })
}

function checkImport({ counts, findings }: ImportResult): void {
  const holdings = 2 * members + Math.floor(members / 5)
  assert.deepEqual(
    { ...counts, otherRows: 0 },
    {
      ...{ members, certificates: members, suspendedCertificates: 0, groups: 51, roles: 1, holdings, cas: 1 },
      ...{ attributes: members, otherRows: 0 },
    },
  )
  assert.deepEqual(findings, [])
}

try {
  const dump = join(folder, 'scale.sql')
  await writeVomsAdminDump(dump, members)
  if (!values.json) {
    const megabytes = Math.round(statSync(dump).size / 2 ** 20)
    console.log(`${members} members, a dump of ${megabytes} MB, into ${values.store}`)
  }
  const db = await openTarget()
  closers.unshift(() => db.close())
  await migrate(db)
  const vo = 'scale'
  const options = { clock: systemClock }
  const maria = await startMariaDb(folder, dump)
  closers.unshift(() => maria.stop())
  servers.push(join(folder, 'mariadb.pid'))
  const { socket, database, user, password } = maria
  const open = () =>
    openMysql({ host: 'localhost', port: 3306, socket, database, user, password, tls: 'off' })
  checkImport(
    await timed('import from a live MariaDB', async () => {
      const source = await open()
      await source.snapshot()
      const tables = [...source.tables.keys()].map(table => ({ table }))
      const result = await importSource(source.source(tables), VOMS_ADMIN, vo, db, options)
      source.close()
      return result
    }),
  )
  await db.query('delete from vouchd.vo')

  const source = await open()
  closers.unshift(() => source.close())
  const look = () => followSource(source, db, { ...options, kind: VOMS_ADMIN, vo })
  assert.equal((await timed('first look of a follower', look)).kind, 'everything')
  assert.equal((await timed('a look when nothing changed', look)).kind, 'unchanged')
  const one = Math.ceil(members / 2)
  await maria.sql(`UPDATE certificate SET suspended = b'1' WHERE id = ${one}`)
  const suspended = await timed('a look after one suspension', look)
  assert.equal(suspended.kind, 'members')
  assert.deepEqual(suspended.changes['certificate'], { inserted: 0, updated: 1, deleted: 0 })
  await maria.sql(`DELETE FROM m WHERE userid = ${one + 1} AND gid <> 1`)
  const left = await timed('a look after one left a group', look)
  assert.equal(left.kind, 'members')
  assert.ok(left.changes['holding']!.deleted >= 1)
  await db.query('delete from vouchd.vo')

  const fromDump = async () => importSource(await openDump(dump), VOMS_ADMIN, vo, db, options)
  checkImport(await timed('import from a dump', fromDump))
  const again = await timed('the same again', fromDump)
  for (const [table, changes] of Object.entries(again.changes)) {
    assert.deepEqual(changes, { inserted: 0, updated: 0, deleted: 0 }, table)
  }

  if (values.json) {
    console.log(JSON.stringify({ members, store: values.store, dumpBytes: statSync(dump).size, measured }))
  }
} finally {
  for (const close of closers) await close()
}
