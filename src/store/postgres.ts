import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import pg from 'pg'
import type { StoreConfig } from '../config/types.ts'
import { DatabaseError, toDatabaseError } from './DatabaseError.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { toSqlText } from './sqlText.ts'
import { untilAborted } from './untilAborted.ts'

export type PostgresConfig = Extract<StoreConfig, { kind: 'postgres' }>

export interface PostgresOptions {
  /**
   * reader: the role of `serve`; its sessions are read-only and its statements bounded by the configured
   * time-out. owner: the role of `migrate` and `import`, whose statements may take long.
   */
  readonly role: 'reader' | 'owner'
  /** Told of connections that broke while nobody used them. */
  readonly onLost?: (error: DatabaseError) => void
}

// An import's one statement over 100 000 rows takes seconds; ten minutes means that something is stuck.
const OWNER_TIMEOUT_MS = 600_000
const LISTEN_RETRY_MS = 1_000
// The other side's address went silent without a close (a pulled cable): found by the kernel, not by us.
const KEEP_ALIVE_DELAY_MS = 10_000

/** A pool of connections to a PostgreSQL server, and one more connection for LISTEN once it is asked for. */
export function createPostgres(config: PostgresConfig, options: PostgresOptions): Database {
  const settings = connectionSettings(config, options.role)
  const pool = new pg.Pool({ ...settings, max: config.poolSize, idleTimeoutMillis: 30_000 })
  pool.on('error', cause => options.onLost?.(toDatabaseError(cause)))
  const listener = createListener(settings, options)
  /** What came on the way to the server, and not from itself, is for the operator to look into. */
  const unreachable = (thrown: unknown): never => {
    const error = toDatabaseError(thrown)
    if (error.kind !== 'unavailable' || error.sqlState !== undefined) throw error
    const advice = `look whether the server runs, and correct store.host (${config.host}) and store.port (${config.port})`
    throw new DatabaseError('unavailable', error.message, { advice, cause: error.cause })
  }
  async function connect(signal: AbortSignal | undefined): Promise<pg.PoolClient> {
    const connecting = pool.connect()
    try {
      return await untilAborted(signal, connecting)
    } catch (thrown) {
      // One that comes when nobody waits for it any more is for the next.
      connecting.then(client => client.release(), ignore)
      return unreachable(thrown)
    }
  }
  return {
    async query<R extends Row>(sql: string, parameters?: readonly SqlValue[], signal?: AbortSignal) {
      const client = await connect(signal)
      client.on('error', ignore)
      let broken = false
      try {
        return await untilAborted(signal, runQuery<R>(client, sql, parameters))
      } catch (thrown) {
        broken = isBroken(thrown)
        // An error is told before the server has said where it leaves the transaction; this waits for that, and ends it.
        if (!broken) await untilAborted(signal, runQuery(client, 'rollback')).catch(() => (broken = true))
        throw thrown
      } finally {
        client.off('error', ignore)
        // A transaction that the statement itself left open is nobody's.
        client.release(broken || client.getTransactionStatus() !== 'I')
      }
    },
    async transaction(work) {
      const client = await connect(undefined)
      // A connection that breaks while checked out reports it here as well as to the query.
      client.on('error', ignore)
      let broken = false
      try {
        await runQuery(client, 'begin')
        const result = await work({ query: (sql, parameters) => runQuery(client, sql, parameters) })
        // COMMIT of a failed transaction rolls back and says so instead of failing.
        const { command } = await client.query('commit').catch(rethrow)
        if (command !== 'COMMIT') throw new DatabaseError('statement', 'the transaction was rolled back')
        return result
      } catch (thrown) {
        broken = isBroken(thrown)
        if (!broken) await runQuery(client, 'rollback').catch(() => (broken = true))
        throw thrown
      } finally {
        client.off('error', ignore)
        client.release(broken)
      }
    },
    listen: listener.listen,
    pool: () => ({
      idle: pool.idleCount,
      inUse: pool.totalCount - pool.idleCount,
      waiting: pool.waitingCount,
    }),
    async close() {
      await listener.close()
      await pool.end()
    },
  }
}

const ignore = () => {}

/** Whether the connection is of no use any more: not after what the server itself refused or cut short. */
function isBroken(thrown: unknown): boolean {
  return (
    thrown instanceof DatabaseError && thrown.kind === 'unavailable' && thrown.sqlState !== QUERY_CANCELED
  )
}

const QUERY_CANCELED = '57014'

function rethrow(thrown: unknown): never {
  throw toDatabaseError(thrown)
}

async function runQuery<R extends Row>(
  on: pg.PoolClient,
  sql: string,
  parameters?: readonly SqlValue[],
): Promise<R[]> {
  const result = await on.query<R>(sql, parameters?.map(toSqlText)).catch(rethrow)
  // Several statements give a list of results, which the types do not know.
  const last = Array.isArray(result) ? (result as pg.QueryResult<R>[]).at(-1) : result
  return last?.rows ?? []
}

// A look-up reads a dozen rows. Starting workers or compiling for it takes fifty times as long as running it,
// and a planner without statistics, as after an import, would.
const READER_SESSION = [
  '-c default_transaction_read_only=on',
  '-c max_parallel_workers_per_gather=0',
  '-c jit=off',
]

function connectionSettings(config: PostgresConfig, role: PostgresOptions['role']): pg.ClientConfig {
  const owner = role === 'owner' ? config.owner : undefined
  const passwordFile = owner === undefined ? config.passwordFile : owner.passwordFile
  const timeout = role === 'owner' ? OWNER_TIMEOUT_MS : config.queryTimeoutSeconds * 1000
  const session = ['-c DateStyle=ISO', ...(role === 'reader' ? READER_SESSION : [])]
  return {
    host: config.host,
    port: config.port,
    database: config.database,
    user: owner?.user ?? config.user,
    // Read at each connect, so that a changed password needs no restart.
    ...(passwordFile === undefined
      ? {}
      : { password: async () => (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '') }),
    ssl: tlsSettings(config),
    application_name: `vouchd ${role}`,
    options: session.join(' '),
    connectionTimeoutMillis: config.connectTimeoutSeconds * 1000,
    // The server gives up first and the connection survives; the client's own time-out is for a server that
    // hangs, and costs the connection.
    statement_timeout: timeout,
    query_timeout: timeout + 250,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  }
}

/** A Unix socket (a host that is a path) needs no TLS. */
function tlsSettings(config: PostgresConfig): pg.ClientConfig['ssl'] {
  if (config.tls === 'off' || config.host.startsWith('/')) return false
  return {
    rejectUnauthorized: config.tls === 'verify-full',
    ...(config.caFile === undefined ? {} : { ca: readFileSync(config.caFile) }),
  }
}

/** LISTEN on a connection of its own, opened with the first listener and reopened whenever it is lost. */
function createListener(settings: pg.ClientConfig, options: PostgresOptions) {
  const listeners = new Map<string, Set<(payload: string) => void>>()
  let client: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  function lost(from: pg.Client, cause: unknown) {
    if (client !== from) return
    client = undefined
    from.end().catch(ignore)
    if (closed) return
    options.onLost?.(toDatabaseError(cause))
    retry = setTimeout(() => void connect(true), LISTEN_RETRY_MS)
    retry.unref()
  }

  async function connect(again: boolean) {
    retry = undefined
    const opened = new pg.Client({ ...settings, application_name: 'vouchd listen' })
    client = opened
    opened.on('error', cause => lost(opened, cause))
    opened.on('end', () => lost(opened, new DatabaseError('unavailable', 'the connection was closed')))
    opened.on('notification', ({ channel, payload }) => deliver(channel, payload ?? ''))
    try {
      await opened.connect()
      if (closed) return void opened.end().catch(ignore)
      for (const channel of listeners.keys()) await opened.query(`listen ${pg.escapeIdentifier(channel)}`)
      if (again) for (const channel of listeners.keys()) deliver(channel, '')
    } catch (cause) {
      lost(opened, cause)
    }
  }

  function deliver(channel: string, payload: string) {
    for (const onNotify of listeners.get(channel) ?? []) onNotify(payload)
  }

  async function onClient(statement: string, channel: string) {
    const current = client
    await current?.query(`${statement} ${pg.escapeIdentifier(channel)}`).catch(cause => lost(current, cause))
  }

  return {
    async listen(channel: string, onNotify: (payload: string) => void) {
      const known = listeners.get(channel)
      const ofChannel = known ?? new Set()
      ofChannel.add(onNotify)
      listeners.set(channel, ofChannel)
      // Without the server this stays a hint that is missing, not a failure: the retry takes it up.
      if (client === undefined && retry === undefined) await connect(false)
      else if (known === undefined) await onClient('listen', channel)
      return async () => {
        ofChannel.delete(onNotify)
        if (ofChannel.size > 0 || listeners.get(channel) !== ofChannel) return
        listeners.delete(channel)
        await onClient('unlisten', channel)
      }
    },
    async close() {
      closed = true
      clearTimeout(retry)
      const current = client
      client = undefined
      await current?.end().catch(ignore)
    },
  }
}
