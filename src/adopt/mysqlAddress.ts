import { existsSync } from 'node:fs'
import { SourceError } from './SourceError.ts'

/** Where a MySQL or MariaDB server is, and as whom to enter. */
export interface MysqlAddress {
  readonly host: string
  readonly port: number
  /** A Unix socket instead of host and port. */
  readonly socket: string | undefined
  readonly database: string
  readonly user: string
  readonly password: string | undefined
  readonly tls: MysqlTls
}

/** require encrypts, verify-full checks certificate and host name as well. */
export type MysqlTls = 'off' | 'require' | 'verify-full'

export const MYSQL_PORT = 3306

/** For people, the audit and vo.followed_from: without the password. */
export function mysqlName({ host, port, socket, database, user }: MysqlAddress): string {
  const at = socket ?? `${host.includes(':') ? `[${host}]` : host}${port === MYSQL_PORT ? '' : `:${port}`}`
  return `mysql://${user}@${at}/${database}`
}

/** Reads mysql://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?socket=PATH&tls=require]. Throws SourceError SOURCE_ADDRESS. */
export function parseMysqlUrl(text: string): MysqlAddress {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw bad('it is no URL')
  }
  if (url.protocol !== 'mysql:' && url.protocol !== 'mariadb:') throw bad('it does not begin with mysql://')
  const database = decode(url.pathname.slice(1))
  if (database === '' || database.includes('/')) throw bad('it names no database')
  if (url.username === '') throw bad('it names no user')
  const tls = url.searchParams.get('tls') ?? 'off'
  if (tls !== 'off' && tls !== 'require' && tls !== 'verify-full') throw bad(`tls=${tls} is not known`)
  for (const name of url.searchParams.keys()) {
    if (name !== 'socket' && name !== 'tls') throw bad(`the parameter ${name} is not known`)
  }
  return {
    host: url.hostname === '' ? 'localhost' : url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? MYSQL_PORT : Number(url.port),
    socket: url.searchParams.get('socket') ?? undefined,
    database,
    user: decode(url.username),
    password: url.password === '' ? undefined : decode(url.password),
    tls,
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw bad('it has a percent sign that escapes nothing')
  }
}

function bad(what: string): SourceError {
  return new SourceError(
    'SOURCE_ADDRESS',
    `not a database's address: ${what}; write mysql://USER@HOST/DATABASE`,
  )
}

// Where distributions put it.
const SOCKETS = ['/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock', '/tmp/mysql.sock']

/**
 * The address as MySQL's own clients understand it: "localhost" means the Unix socket, where there is one and no
 * other port is named.
 */
export function withLocalSocket(address: MysqlAddress, exists = existsSync): MysqlAddress {
  if (address.socket !== undefined || address.host !== 'localhost' || address.port !== MYSQL_PORT)
    return address
  return { ...address, socket: SOCKETS.find(path => exists(path)) }
}
