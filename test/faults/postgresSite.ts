import type { StoreConfig } from '../../src/config/types.ts'
import type { Database, Queryable } from '../../src/store/database.ts'
import { grantReader, migrate } from '../../src/store/migrate.ts'
import { createPostgres } from '../../src/store/postgres.ts'
import { type FaultProxy, type FaultProxyOptions, openFaultProxy } from '../fakes/faultProxy.ts'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'
import { fillSampleVo } from '../store/sampleVo.ts'
import { makeSiteFolder, type SiteFolder } from '../supervise/daemonProcess.ts'

/** A site whose daemon reaches its PostgreSQL server through a proxy that can be told to misbehave. */
export interface PostgresSite extends AsyncDisposable {
  readonly site: SiteFolder
  readonly cluster: PostgresCluster
  readonly proxy: FaultProxy
  /** The database's name, for PostgresCluster.psql. */
  readonly database: string
  /** The server itself, past the proxy. */
  readonly serverPort: number
  /** A connection past the proxy that may change everything. */
  readonly db: Database
}

export interface PostgresSiteOptions extends FaultProxyOptions {
  /** Tables and keys of the configuration; see makeSiteFolder. */
  readonly tables?: Readonly<Record<string, string>>
  readonly vo?: string
  /** Members beside those of the sample VO, with the names of `memberName`. */
  readonly members?: number
  /** Of the server. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Why there can be no such site, and what to do. */
export function missingPostgres(): string | undefined {
  const found = findPostgres()
  return 'skip' in found ? found.skip : undefined
}

export async function openPostgresSite(options: PostgresSiteOptions = {}): Promise<PostgresSite> {
  await using opened = new AsyncDisposableStack()
  const cluster = await startPostgres({ max_connections: '40', ...options.settings })
  opened.defer(() => cluster.dispose())
  cluster.psql('postgres', 'create role serving login')
  // For these connections alone; the daemon has its own limits.
  const direct = cluster.createDatabase({ connectTimeoutSeconds: 60, queryTimeoutSeconds: 60 })
  const db = createPostgres(direct, { role: 'owner' })
  opened.defer(() => db.close().catch(() => {}))
  await migrate(db)
  await grantReader(db, 'serving')
  await fillSampleVo(db)
  for (let number = 0; number < (options.members ?? 0); number++) await addMember(db, memberName(number))
  const proxy = await openFaultProxy({ host: '127.0.0.1', port: direct.port }, options)
  opened.defer(() => proxy.close())
  const site = makeSiteFolder(undefined, {
    tables: {
      store: storeToml({ ...direct, host: '127.0.0.1', port: proxy.port, user: 'serving' }),
      ...options.tables,
    },
    ...(options.vo === undefined ? {} : { vo: options.vo }),
    database: direct,
  })
  opened.defer(() => site.remove())
  const all = opened.move()
  return {
    site,
    cluster,
    proxy,
    database: direct.database,
    serverPort: direct.port,
    db,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** Common name of one of `members`. */
export function memberName(number: number): string {
  return `member ${number}`
}

/** A member of vo.0 with a certificate of this common name. */
export async function addMember(db: Queryable, name: string): Promise<void> {
  await db.query(
    `with new as (
       insert into vouchd.member (vo_id, source_id, given_name, surname)
       select id, $1, $1, 'Test' from vouchd.vo where name = 'vo.0' returning id, vo_id
     ), certified as (
       insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
       select vo_id, id, $2, lower($2), '/C=IT/O=Test/CN=CA', '/c=it/o=test/cn=ca' from new
     )
     insert into vouchd.holding (vo_id, member_id, group_id)
     select new.vo_id, new.id, g.id from new join vouchd.vo_group g on g.vo_id = new.vo_id and g.path = '/vo.0'`,
    [name, `/C=IT/O=Test/CN=${name}`],
  )
}

function storeToml(store: Extract<StoreConfig, { kind: 'postgres' }>): string {
  return `kind = "postgres"
host = "${store.host}"
port = ${store.port}
database = "${store.database}"
user = "${store.user}"
tls = "off"`
}
