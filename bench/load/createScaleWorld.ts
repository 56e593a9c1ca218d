import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPostgres, type PostgresConfig } from '../../src/store/postgres.ts'
import { type PostgresCluster, startPostgres } from '../../test/store/postgresCluster.ts'
import { benchCa, CA_DN } from './benchCa.ts'
import { credentialToml, observeSocket, TRUST_TOML, writeHostFiles } from './benchWorld.ts'
import { freePort } from './children.ts'
import { GROUPS, memberDn, voName } from './scaleMembers.ts'

export interface ScaleSize {
  readonly members: number
  readonly vos: number
}

/** A database of one size, and the configuration of a daemon over it. */
export interface ScaleSite {
  readonly config: string
  readonly vos: readonly { readonly name: string; readonly port: number }[]
  readonly fillSeconds: number
  readonly databaseMegabytes: number
}

/** A PostgreSQL server of its own, with a database for each size. */
export interface ScaleWorld {
  readonly cluster: PostgresCluster
  /** Of the server's first process. */
  readonly postgresPid: number
  addSite(size: ScaleSize, more: string): Promise<ScaleSite>
  remove(): void
}

// What a server for a VO of this size has; and nothing that runs by itself between the rounds.
const SERVER = { shared_buffers: '256MB', max_wal_size: "'4GB'", autovacuum: 'off', max_connections: '100' }

export async function createScaleWorld(now: number): Promise<ScaleWorld> {
  const cluster = await startPostgres(SERVER)
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-scale-'))
  writeHostFiles(folder, benchCa(now), now)
  return {
    cluster,
    postgresPid: cluster.pid(),
    async addSite(size, more) {
      const store = cluster.createDatabase({ queryTimeoutSeconds: 2, connectTimeoutSeconds: 2 })
      const since = performance.now()
      const db = createPostgres(store, { role: 'owner' })
      try {
        await migrate(db)
        await fill(db, size)
      } finally {
        await db.close()
      }
      cluster.psql(store.database, 'vacuum analyze')
      const fillSeconds = (performance.now() - since) / 1000
      const octets = Number(cluster.psql(store.database, `select pg_database_size('${store.database}')`))
      const vos: { name: string; port: number }[] = []
      for (let i = 0; i < size.vos; i++) vos.push({ name: voName(i), port: await freePort() })
      const config = join(folder, `${store.database}.toml`)
      writeFileSync(config, configText(config, store, vos, more))
      return { config, vos, fillSeconds, databaseMegabytes: octets / 1e6 }
    },
    remove() {
      cluster.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configText(
  file: string,
  { host, port, database, user, poolSize }: PostgresConfig,
  vos: ScaleSite['vos'],
  more: string,
): string {
  const tables = vos.map(
    vo => `[[vo]]
name = "${vo.name}"
listen = ["127.0.0.1:${vo.port}"]
uri = "voms.example.org:15000"
${credentialToml('dual')}
`,
  )
  return `[store]
kind = "postgres"
host = "${host}"
port = ${port}
database = "${database}"
user = "${user}"
poolSize = ${poolSize}
${TRUST_TOML}
[audit]
folder = "audit-${database}"
[observe]
listen = ["unix:${observeSocket(file)}"]
${more}
${tables.join('')}`
}

/**
 * So many members, dealt out to the VOs: a certificate each, in the root group and in one of fifty, with a role for
 * every fifth. Triggers and foreign keys are off, as in a restore: a million rows by themselves are what takes time.
 */
async function fill(db: Database, { members, vos }: ScaleSize): Promise<void> {
  await db.transaction(async tx => {
    await tx.query('set local session_replication_role = replica')
    await tx.query(
      `insert into vouchd.vo (id, name, enforce_end_dates) overriding system value
         select i + 1, $2 || i, false from generate_series(0, $1::int - 1) i`,
      [vos, voName(0).slice(0, -1)],
    )
    await tx.query(
      `insert into vouchd.vo_group (id, vo_id, path) overriding system value
         select id, id, '/' || name from vouchd.vo`,
    )
    await tx.query(
      `insert into vouchd.vo_group (id, vo_id, parent_id, path) overriding system value
         select $1::int + (v.id - 1) * $2::int + j + 1, v.id, v.id, '/' || v.name || '/g' || j
         from vouchd.vo v, generate_series(0, $2::int - 1) j`,
      [vos, GROUPS],
    )
    await tx.query(
      `insert into vouchd.role (id, vo_id, name) overriding system value select id, id, 'production' from vouchd.vo`,
    )
    await tx.query(
      `insert into vouchd.member (id, vo_id, given_name, surname, email) overriding system value
         select n, n % $2::int + 1, 'Member', n::text, 'member' || n || '@bench.example'
         from generate_series(0, $1::int - 1) n`,
      [members, vos],
    )
    await tx.query(
      `insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
         select v.id, m.id, '/C=IT/O=Bench/OU=' || v.name || '/CN=Member ' || m.id,
                lower('/C=IT/O=Bench/OU=' || v.name || '/CN=Member ' || m.id), $1, $2
         from vouchd.member m join vouchd.vo v on v.id = m.vo_id`,
      [CA_DN, keyOfString(CA_DN)],
    )
    await tx.query(
      'insert into vouchd.holding (vo_id, member_id, group_id) select vo_id, id, vo_id from vouchd.member',
    )
    const group = '$1::int + (vo_id - 1) * $2::int + (id / $1::int) % $2::int + 1'
    await tx.query(
      `insert into vouchd.holding (vo_id, member_id, group_id) select vo_id, id, ${group} from vouchd.member`,
      [vos, GROUPS],
    )
    await tx.query(
      `insert into vouchd.holding (vo_id, member_id, group_id, role_id)
         select vo_id, id, ${group}, vo_id from vouchd.member where id % 5 = 0`,
      [vos, GROUPS],
    )
  })
  const [first] = await db.query(
    `select count(*)::int as members, min(subject_key) filter (where member_id = 0) as key from vouchd.certificate`,
  )
  const key = keyOfString(memberDn(voName(0), 0))
  if (first?.['members'] !== members || first['key'] !== key)
    throw new Error('the database was filled wrongly')
}
