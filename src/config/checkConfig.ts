import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { ConfigError, type ConfigFault } from './ConfigError.ts'
import { HOLDINGS_VIEW } from './holdingsView.ts'
import {
  ATTRIBUTES_VIEW,
  type AuditTable,
  type AuthenticationTable,
  type DefaultsTable,
  type DirectoryTable,
  FOLLOW_KEYS,
  keyInfo,
  type LimitsTable,
  type ObserveTable,
  RATE_NAMES,
  type RateName,
  type StoreTable,
  TABLES,
  type TableName,
  UNIX_PREFIX,
  VO_FALLBACKS,
  type VoTable,
} from './schema.ts'
import { splitHostPort } from './splitHostPort.ts'
import type {
  AuditConfig,
  Config,
  CredentialPaths,
  DirectoryConfig,
  FollowConfig,
  ObserveConfig,
  StoreConfig,
  VoConfig,
} from './types.ts'

/** More VOs than any site runs; each costs a listener and its keys. */
const MAX_VOS = 256

/**
 * Checks a parsed configuration, fills in defaults, resolves relative paths against `baseFolder`, and gives a
 * deep-frozen value. Throws ConfigError with every fault.
 */
export function checkConfig(raw: unknown, baseFolder: string): Config {
  const faults: ConfigFault[] = []
  const tables = isTable(raw) ? raw : {}
  if (!isTable(raw)) fault(faults, '', 'is not a table', 'write tables such as [trust] and [[vo]]')
  refuseUnknownTables(tables, faults)

  const read = <N extends Exclude<TableName, 'vo'>>(name: N) =>
    readTable(name, name, Object.hasOwn(tables, name) ? tables[name] : {}, faults)
  const log = read('log')
  const store = read('store')
  const directory = read('directory')
  const trust = read('trust')
  const authentication = read('authentication')
  const signing = read('signing')
  const processes = read('processes')
  const audit = read('audit')
  const limits = read('limits')
  const observe = read('observe')
  const defaults = read('defaults')
  const vos = readVos(tables['vo'], faults)

  const path = (value: string) => resolve(baseFolder, value)
  const checkedStore = store && checkStore(store, path, faults)
  const checkedDirectory = directory && checkDirectory(directory, faults)
  if (authentication) checkAuthentication(authentication, faults)
  if (limits) checkLimits(limits, faults)
  const checkedObserve = observe && checkObserve(observe, path, faults)
  const checkedVos = vos.map(([at, vo]) => checkVo(vo, defaults ?? {}, limits, at, path, faults))
  checkAddresses(
    vos.map(([at]) => at),
    checkedVos,
    faults,
  )

  if (faults.length > 0) throw new ConfigError(faults)
  return deepFreeze({
    vos: checkedVos,
    store: checkedStore!,
    directory: checkedDirectory!,
    trust: { ...trust!, directory: path(trust!.directory), vomsdir: path(trust!.vomsdir) },
    authentication: authentication!,
    signing: { ...signing!, threads: signing!.threads },
    processes: { workers: processes!.workers, controlSocket: path(processes!.controlSocket) },
    audit: placeAudit(audit!, path),
    limits: limits!,
    observe: checkedObserve!,
    log: log!,
  })
}

type Paths = (value: string) => string

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function fault(faults: ConfigFault[], path: string, problem: string, advice: string): void {
  faults.push({ path, problem, advice })
}

function refuseUnknownTables(tables: Record<string, unknown>, faults: ConfigFault[]): void {
  for (const name of Object.keys(tables)) {
    if (!Object.hasOwn(TABLES, name)) {
      fault(faults, name, 'is not a table of this file', suggest(name, Object.keys(TABLES)))
    }
  }
}

function readTable<N extends TableName>(
  name: N,
  at: string,
  value: unknown,
  faults: ConfigFault[],
): z.output<(typeof TABLES)[N]> | undefined {
  const result = TABLES[name].safeParse(value)
  if (result.success) return result.data as z.output<(typeof TABLES)[N]>
  for (const issue of result.error.issues) faults.push(...faultsOf(name, at, value, issue))
  return undefined
}

function readVos(value: unknown, faults: ConfigFault[]): [string, VoTable][] {
  if (!Array.isArray(value) || value.length === 0) {
    const problem =
      value === undefined || Array.isArray(value) ? 'there is no VO' : 'is not an array of tables'
    fault(faults, 'vo', problem, 'write one [[vo]] table, with two brackets, for each VO')
    return []
  }
  if (value.length > MAX_VOS) {
    fault(faults, 'vo', `there are ${value.length} VOs`, `at most ${MAX_VOS} are served by one daemon`)
    return []
  }
  const vos: [string, VoTable][] = []
  value.forEach((table, index) => {
    const vo = readTable('vo', `vo[${index}]`, table, faults)
    if (vo !== undefined) vos.push([`vo[${index}]`, vo])
  })
  return vos
}

/** The faults that one finding of the schema library stands for: one, or one for each unknown key. */
function faultsOf(table: TableName, at: string, value: unknown, issue: z.core.$ZodIssue): ConfigFault[] {
  const place =
    at + issue.path.map(step => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  const name = issue.path[0]
  if (issue.code === 'unrecognized_keys') {
    const known =
      name === undefined
        ? Object.keys(TABLES[table].shape)
        : name === 'follow'
          ? FOLLOW_KEYS
          : ['certificate', 'key']
    return issue.keys.map(unknown => ({
      path: `${place}.${unknown}`,
      problem: 'is not a key of this table',
      advice: suggest(unknown, known),
    }))
  }
  const info = typeof name === 'string' ? keyInfo(table, name) : undefined
  return [
    {
      path: place,
      problem: describeIssue(issue, valueAt(value, issue.path)),
      advice: `write ${info?.expected ?? `a table [${table}]`}`,
    },
  ]
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing'
  if (issue.code === 'custom') return issue.message
  if (issue.code === 'invalid_type') return `is ${nameType(value)}`
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    if (typeof value === 'number') return `${value} is too ${issue.code === 'too_small' ? 'small' : 'large'}`
    const long = Array.isArray(value)
      ? ['has too few entries', 'has too many entries']
      : ['is empty', 'is too long']
    return issue.code === 'too_small' ? long[0]! : long[1]!
  }
  return `${shorten(JSON.stringify(value))} is not a value of this key`
}

function nameType(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return 'a date'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction'
  if (typeof value === 'object') return 'a table'
  return `a ${typeof value}`
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    here = (here as Record<PropertyKey, unknown>)[step]
  }
  return here
}

/** "did you mean" for an unknown name, else where the names are listed. */
function suggest(unknown: string, known: readonly string[]): string {
  const near = known.find(name => isNear(unknown.toLowerCase(), name.toLowerCase()))
  return near === undefined ? 'remove it; docs/config.md lists every key' : `did you mean ${near}?`
}

/** Equal but for a letter inserted, removed or exchanged, or two swapped; or one the beginning of the other. */
function isNear(a: string, b: string): boolean {
  if (a.length >= 4 && (b.startsWith(a) || a.startsWith(b))) return true
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  const rests = [
    [a.slice(head + 1), b.slice(head)],
    [a.slice(head), b.slice(head + 1)],
    [a.slice(head + 1), b.slice(head + 1)],
    [swapped(a.slice(head)), b.slice(head)],
  ]
  return rests.some(([left, right]) => left === right)
}

/** The same with its first two letters in the other order. */
function swapped(text: string): string {
  return `${text.slice(1, 2)}${text.slice(0, 1)}${text.slice(2)}`
}

const POSTGRES_ONLY = [
  'host',
  'port',
  'database',
  'user',
  'passwordFile',
  'ownerUser',
  'ownerPasswordFile',
  'tls',
  'caFile',
  'poolSize',
  'connectTimeoutSeconds',
  'queryTimeoutSeconds',
] as const

function checkStore(store: StoreTable, path: Paths, faults: ConfigFault[]): StoreConfig {
  const foreign = store.kind === 'embedded' ? POSTGRES_ONLY : (['folder'] as const)
  for (const name of foreign) {
    if (store[name] === undefined) continue
    const other = store.kind === 'embedded' ? 'postgres' : 'embedded'
    fault(
      faults,
      `store.${name}`,
      `does not go with kind = "${store.kind}"`,
      `remove it, or set kind = "${other}"`,
    )
  }
  if (store.kind === 'embedded') {
    return { kind: 'embedded', folder: path(store.folder ?? '/var/lib/vouchd/database') }
  }
  return checkPostgres(store, path, faults)
}

function checkPostgres(store: StoreTable, path: Paths, faults: ConfigFault[]): StoreConfig {
  const host = store.host ?? '/var/run/postgresql'
  const tls = store.tls ?? (host.startsWith('/') ? 'off' : 'verify-full')
  if (tls === 'off' && !host.startsWith('/') && !isLoopback(host)) {
    fault(
      faults,
      'store.tls',
      '"off" would send passwords and members in clear',
      'set "verify-full", or use a Unix socket',
    )
  }
  if (tls !== 'off' && host.startsWith('/')) {
    fault(
      faults,
      'store.tls',
      `${JSON.stringify(tls)} does not go with a Unix socket`,
      'remove it, or name a host',
    )
  }
  if (store.caFile !== undefined && tls !== 'verify-full') {
    fault(faults, 'store.caFile', `is not used with tls = "${tls}"`, 'set tls = "verify-full", or remove it')
  }
  if (store.ownerPasswordFile !== undefined && store.ownerUser === undefined) {
    fault(
      faults,
      'store.ownerPasswordFile',
      'has no ownerUser that it belongs to',
      'set ownerUser, or remove it',
    )
  }
  const optionalPath = (value: string | undefined) => (value === undefined ? undefined : path(value))
  return {
    kind: 'postgres',
    host,
    port: store.port ?? 5432,
    database: store.database ?? 'vouchd',
    user: store.user ?? 'vouchd',
    passwordFile: optionalPath(store.passwordFile),
    owner:
      store.ownerUser === undefined
        ? undefined
        : { user: store.ownerUser, passwordFile: optionalPath(store.ownerPasswordFile) },
    tls,
    caFile: optionalPath(store.caFile),
    poolSize: store.poolSize ?? 4,
    connectTimeoutSeconds: store.connectTimeoutSeconds ?? 2,
    queryTimeoutSeconds: store.queryTimeoutSeconds ?? 2,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Without a version query nothing tells of a change in own views but the age of what is cached. */
const UNVERSIONED_CACHE_SECONDS = { usual: 5, most: 60 }

function checkDirectory(directory: DirectoryTable, faults: ConfigFault[]): DirectoryConfig {
  const own = directory.holdingsView !== HOLDINGS_VIEW || directory.attributesView !== ATTRIBUTES_VIEW
  const unversioned = own && directory.versionQuery === undefined
  if (!own && directory.versionQuery !== undefined) {
    fault(
      faults,
      'directory.versionQuery',
      "is only for a site's own views",
      'remove it, or name the views with holdingsView and attributesView',
    )
  }
  const cacheSeconds = directory.cacheSeconds ?? (unversioned ? UNVERSIONED_CACHE_SECONDS.usual : 300)
  if (unversioned && cacheSeconds > UNVERSIONED_CACHE_SECONDS.most) {
    fault(
      faults,
      'directory.cacheSeconds',
      `${cacheSeconds} would let a suspended member be served that long, since own views without versionQuery announce no change`,
      `set ${UNVERSIONED_CACHE_SECONDS.most} or less, or set versionQuery`,
    )
  }
  return { ...directory, versionQuery: directory.versionQuery, cacheSeconds }
}

function checkAuthentication(policy: AuthenticationTable, faults: ConfigFault[]): void {
  for (const name of ['minRsaBits', 'minProxyRsaBits'] as const) {
    if (policy[name] > policy.maxRsaBits) {
      fault(
        faults,
        `authentication.${name}`,
        `${policy[name]} is above maxRsaBits, ${policy.maxRsaBits}`,
        'lower it, or raise maxRsaBits',
      )
    }
  }
  if (policy.maxSentCerts <= policy.maxProxyDepth) {
    fault(
      faults,
      'authentication.maxSentCerts',
      `${policy.maxSentCerts} leaves no room for ${policy.maxProxyDepth} proxies (maxProxyDepth) and their EEC`,
      `set ${policy.maxProxyDepth + 1} or more`,
    )
  }
}

function placeAudit(audit: AuditTable, path: Paths): AuditConfig {
  const folder = path(audit.folder)
  return { ...audit, folder, headKey: path(audit.headKey ?? join(folder, 'heads.key')) }
}

function checkLimits(limits: LimitsTable, faults: ConfigFault[]): void {
  for (const name of ['handshakeSeconds', 'requestSeconds'] as const) {
    if (limits[name] > limits.connectionSeconds) {
      fault(
        faults,
        `limits.${name}`,
        `${limits[name]} is above connectionSeconds, ${limits.connectionSeconds}`,
        'lower it, or raise connectionSeconds',
      )
    }
  }
}

/** What it tells is for the site's own eyes: it is not given to a network without a lock. */
function checkObserve(observe: ObserveTable, path: Paths, faults: ConfigFault[]): ObserveConfig {
  const locked = observe.credential !== undefined || observe.allow !== undefined
  const listen = observe.listen.map((value, index) => {
    if (value.startsWith(UNIX_PREFIX)) return { path: path(value.slice(UNIX_PREFIX.length)) }
    const address = splitHostPort(value)!
    if (!locked && !isLoopback(address.host)) {
      fault(
        faults,
        `observe.listen[${index}]`,
        'is open to others, in clear and without a list of who may ask',
        'set observe.allow or observe.credential, or listen at 127.0.0.1',
      )
    }
    return address
  })
  const { credential } = observe
  return {
    listen,
    credential: credential && { certificate: path(credential.certificate), key: path(credential.key) },
    allow: observe.allow,
  }
}

function checkVo(
  vo: VoTable,
  defaults: DefaultsTable,
  limits: LimitsTable | undefined,
  at: string,
  path: Paths,
  faults: ConfigFault[],
): VoConfig {
  const merged = { ...VO_FALLBACKS, ...withoutUndefined(defaults), ...withoutUndefined(vo) }
  const credential = (value: CredentialPaths) => ({
    certificate: path(value.certificate),
    key: path(value.key),
  })
  const only = merged.hostCredentials.length === 1 ? merged.hostCredentials[0] : undefined
  const acCredential = merged.acCredential ?? only
  if (acCredential === undefined) {
    fault(
      faults,
      `${at}.acCredential`,
      'is missing, and there are two host credentials',
      'name the one that signs ACs, the RSA one',
    )
  }
  return {
    name: vo.name,
    listen: vo.listen.map(address => splitHostPort(address)!),
    uri: vo.uri,
    hostCredentials: merged.hostCredentials.map(credential),
    acCredential: credential(acCredential ?? merged.hostCredentials[0]!),
    acIntermediates: merged.acIntermediates === undefined ? undefined : path(merged.acIntermediates),
    allowEcAcKey: merged.allowEcAcKey,
    digest: merged.digest,
    maxLifetimeSeconds: merged.maxLifetimeSeconds,
    fqanForm: merged.fqanForm,
    holderForm: merged.holderForm,
    matchSubjectOnly: merged.matchSubjectOnly,
    forceBase64: merged.forceBase64,
    keepAliveSeconds: merged.keepAliveSeconds,
    follow: vo.follow && placeFollow(vo.follow, path),
    rates: Object.fromEntries(RATE_NAMES.map(name => [name, vo[name] ?? limits?.[name] ?? 0])) as Record<
      RateName,
      number
    >,
  }
}

function placeFollow(follow: NonNullable<VoTable['follow']>, path: Paths): FollowConfig {
  const { socket, passwordFile } = follow
  return {
    ...follow,
    socket: socket === undefined ? undefined : path(socket),
    passwordFile: passwordFile === undefined ? undefined : path(passwordFile),
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
function withoutUndefined<T extends object>(table: T): Defined<T> {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined)) as Defined<T>
}

/** Names and addresses have one VO each: the port is all that tells a client's VO. */
function checkAddresses(places: readonly string[], vos: readonly VoConfig[], faults: ConfigFault[]): void {
  const names = new Map<string, string>()
  const addresses: { host: string; port: number; place: string }[] = []
  vos.forEach((vo, index) => {
    const place = places[index]!
    const first = names.get(vo.name)
    if (first !== undefined)
      fault(faults, `${place}.name`, `${vo.name} is also ${first}`, 'give each VO once')
    else names.set(vo.name, place)
    vo.listen.forEach(({ host, port }, entry) => {
      const here = { host, port, place: `${place}.listen[${entry}]` }
      const taken = addresses.find(other => collide(other, here))
      if (taken !== undefined) {
        fault(faults, here.place, `is the same address as ${taken.place}`, 'give each VO a port of its own')
      }
      addresses.push(here)
    })
  })
}

function collide(a: { host: string; port: number }, b: { host: string; port: number }): boolean {
  if (a.port === 0 || a.port !== b.port) return false
  if (a.host.toLowerCase() === b.host.toLowerCase()) return true
  const any = (host: string) => (host === '0.0.0.0' ? 4 : isIP(host) === 6 && /^[0:]+$/.test(host) ? 6 : 0)
  const [anyA, anyB] = [any(a.host), any(b.host)]
  if (anyA !== 0 && anyA === anyB) return true
  return (anyA !== 0 && anyA === isIP(b.host)) || (anyB !== 0 && anyB === isIP(a.host))
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
