import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ConfigError, type ConfigFault } from './ConfigError.ts'
import { parseVomsConf, type VomsConfOption } from './parseVomsConf.ts'

/** An option of vomsd's that has no effect here, and why. */
export interface IgnoredOption {
  readonly file: string
  readonly line: number
  readonly option: string
  readonly why: string
}

/** What vomsd's files say, as the tables of a configuration: to be checked as any other. */
export interface VomsConf {
  readonly tables: Readonly<Record<string, unknown>>
  /** The file of each entry of tables.vo, in order. */
  readonly files: readonly string[]
  readonly ignored: readonly IgnoredOption[]
}

export interface VomsConfDeps {
  /** Name of this machine, where a file has no --uri. */
  readonly hostName: string
  /** Whether this machine has IPv6: vomsd listens on whatever there is. */
  readonly hasIpv6: boolean
  /** Number of the user that runs this. */
  readonly uid: number
}

const MAX_BYTES = 1024 * 1024

const NO_DAEMON = 'the service manager keeps the process'
const LOG = 'the log goes to standard output, where the service manager keeps it'
const OBSOLETE = 'obsolete; vomsd ignores it, too'

/** Options without effect, and why. Those with one are read in toVo() and toShared(). */
const IGNORED: Readonly<Record<string, string>> = {
  sqlloc: 'the database is read without a plug-in',
  'max-reqs': 'vouchd serves thousands of connections at once; [limits] bounds them',
  logfile: LOG,
  logtype: LOG,
  logformat: LOG,
  logdateformat: LOG,
  logmax: LOG,
  syslog: LOG,
  nologfile: LOG,
  foreground: NO_DAEMON,
  debug: NO_DAEMON,
  test: NO_DAEMON,
  conf: 'files are named on the command line',
  help: 'it is for the command line',
  usage: 'it is for the command line',
  version: 'it is for the command line',
  code: 'obsolete; the port is --port',
  compat: OBSOLETE,
  globus: OBSOLETE,
  globusid: OBSOLETE,
  globuspwd: OBSOLETE,
  desired_name: OBSOLETE,
  x509_cert_file: OBSOLETE,
  x509_user_proxy: OBSOLETE,
}

/**
 * Reads vomsd's option files, one a VO: files, or folders with voms.conf, NAME/voms.conf or *.conf in them. Throws
 * ConfigError with every fault, each with file, line and column.
 */
export function readVomsConf(paths: readonly string[], deps: VomsConfDeps): VomsConf {
  const faults: ConfigFault[] = []
  const read: { file: string; options: ReadOptions }[] = []
  const ignored: IgnoredOption[] = []
  for (const file of paths.flatMap(path => filesOf(path, faults))) {
    const text = readText(file, faults)
    if (text === undefined) continue
    const { options, refusals } = parseVomsConf(text)
    for (const { message } of refusals) {
      faults.push({ path: file, problem: message, advice: 'correct it; vomsd would not start with it' })
    }
    // As in vomsd, the last one counts.
    const last = new Map(options.map(option => [option.name, option]))
    for (const option of options) {
      const why = last.get(option.name) === option ? IGNORED[option.name] : 'it is given again further down'
      if (why !== undefined) ignored.push({ file, line: option.line, option: shown(option), why })
    }
    read.push({ file, options: new ReadOptions(file, last, faults) })
  }
  const vos = read.map(({ file, options }) => toVo(file, options, deps, faults))
  const shared = toShared(
    read.map(({ options }) => options),
    faults,
  )
  if (faults.length > 0) throw new ConfigError(faults)
  return { tables: { ...shared, vo: vos }, files: read.map(({ file }) => file), ignored }
}

function shown({ name, value }: VomsConfOption): string {
  return value === undefined ? `--${name}` : `--${name}=${value}`
}

/** Typed reads of the options of one file. */
class ReadOptions {
  readonly #file: string
  readonly #options: ReadonlyMap<string, VomsConfOption>
  readonly #faults: ConfigFault[]

  constructor(file: string, options: ReadonlyMap<string, VomsConfOption>, faults: ConfigFault[]) {
    this.#file = file
    this.#options = options
    this.#faults = faults
  }

  text(name: string): string | undefined {
    return this.#options.get(name)?.value
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : Number(text)
  }

  flag(name: string): boolean {
    return this.#options.has(name)
  }

  /** A path; a relative one counts from the file's folder. */
  path(name: string): string | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : resolve(dirname(this.#file), text)
  }

  fault(name: string, problem: string, advice: string): void {
    const option = this.#options.get(name)
    const place =
      option === undefined ? this.#file : `${this.#file}: line ${option.line}, column ${option.column}`
    this.#faults.push({ path: place, problem: `--${name} ${problem}`, advice })
  }
}

/** A [[vo]] table. */
function toVo(
  file: string,
  options: ReadOptions,
  { hostName, hasIpv6, uid }: VomsConfDeps,
  faults: ConfigFault[],
): Record<string, unknown> {
  const name = options.text('vo')
  if (name === undefined) {
    faults.push({ path: file, problem: 'names no VO', advice: 'write --vo=NAME' })
  }
  const port = options.number('port') ?? 15_000
  if (port < 1 || port > 65_535) options.fault('port', `${port} is no port`, 'write 1 to 65535')
  const timeout = options.number('timeout')
  return {
    name: name ?? 'unspecified',
    listen: [`0.0.0.0:${port}`, ...(hasIpv6 ? [`[::]:${port}`] : [])],
    uri: options.text('uri') ?? `${hostName}:${port}`,
    hostCredentials: [
      {
        certificate: options.path('x509_user_cert') ?? '/etc/grid-security/hostcert.pem',
        key: options.path('x509_user_key') ?? '/etc/grid-security/hostkey.pem',
      },
    ],
    ...(timeout !== undefined && { maxLifetimeSeconds: timeout }),
    ...(options.flag('shortfqans') && { fqanForm: 'short' }),
    ...(options.flag('newformat') && { holderForm: 'issuer' }),
    ...(options.flag('skipcacheck') && { matchSubjectOnly: true }),
    ...(options.flag('base64') && { forceBase64: true }),
    follow: toFollow(options, uid),
  }
}

function toFollow(options: ReadOptions, uid: number): Record<string, unknown> {
  const passwordFile = options.path('passfile')
  if (passwordFile === undefined) {
    options.fault('passfile', 'is missing', 'name the file with the password: nobody is there to be asked')
  } else checkPassfile(options, passwordFile, uid)
  const port = options.number('mysql-port') ?? 0
  const socket = options.path('mysql-socket')
  return {
    source: 'voms-admin',
    host: options.text('contactstring') ?? 'localhost',
    ...(port > 0 && { port }),
    ...(socket !== undefined && { socket }),
    database: options.text('dbname') ?? 'voms',
    user: options.text('username') ?? 'voms',
    ...(passwordFile !== undefined && { passwordFile }),
  }
}

/** vomsd's rules: mode 0640 exactly, root's or its own, and a whole first line. */
function checkPassfile(options: ReadOptions, file: string, uid: number): void {
  let stat: Stats
  let text: string
  try {
    stat = statSync(file)
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    options.fault(
      'passfile',
      `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      'let the service read it',
    )
    return
  }
  const mode = stat.mode & 0o7777
  if (mode !== 0o640) {
    options.fault(
      'passfile',
      `${file} has the mode ${mode.toString(8).padStart(4, '0')}`,
      `chmod 0640 ${file}`,
    )
  }
  if (stat.uid !== 0 && stat.uid !== uid) {
    options.fault('passfile', `${file} is somebody else's (user ${stat.uid})`, `chown root ${file}`)
  }
  if (!text.includes('\n')) {
    options.fault('passfile', `${file} has no line end behind the password`, `echo >> ${file}`)
  }
}

/** Tables that all VOs of a daemon share: the most generous of what the files say. */
function toShared(all: readonly ReadOptions[], faults: ConfigFault[]): Record<string, unknown> {
  const folders = new Set(all.flatMap(options => options.path('x509_cert_dir') ?? []))
  if (folders.size > 1) {
    faults.push({
      path: 'x509_cert_dir',
      problem: `differs: ${[...folders].join(', ')}`,
      advice: 'name one trust directory in all files: it is one for the whole daemon',
    })
  }
  const largest = (name: string) => {
    const values = all.flatMap(options => options.number(name) ?? []).filter(value => value > 0)
    return values.length === 0 ? undefined : Math.max(...values)
  }
  const seconds = largest('socktimeout')
  const backlog = largest('backlog')
  const level = largest('loglevel')
  const limits = {
    ...(seconds !== undefined && {
      handshakeSeconds: Math.min(seconds, 300),
      requestSeconds: Math.min(seconds, 300),
      // One time-out for the handshake, one to read and one to write.
      connectionSeconds: Math.min(Math.max(3 * seconds, 15), 3600),
    }),
    ...(backlog !== undefined && { backlog: Math.min(backlog, 65_535) }),
  }
  return {
    ...(folders.size === 1 && { trust: { directory: [...folders][0] } }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(level !== undefined && { log: { level: LOG_LEVELS[Math.min(level, 5) - 1] } }),
  }
}

/** vomsd's levels from 1, none, to 5, debug. What has to be known is said at every level but the first. */
const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug']

function filesOf(path: string, faults: ConfigFault[]): string[] {
  const fault = (problem: string) => {
    faults.push({ path, problem, advice: "name a file of vomsd's options, or a folder of them" })
    return []
  }
  try {
    if (!statSync(path).isDirectory()) return [path]
    const entries = readdirSync(path, { withFileTypes: true, encoding: 'utf8' })
    const files = entries
      .filter(entry => !entry.isDirectory() && entry.name.endsWith('.conf'))
      .map(entry => join(path, entry.name))
    const inside = entries
      .filter(entry => entry.isDirectory() && isFile(join(path, entry.name, 'voms.conf')))
      .map(entry => join(path, entry.name, 'voms.conf'))
    const found = [...files, ...inside].sort()
    return found.length > 0 ? found : fault('holds no voms.conf')
  } catch (cause) {
    return fault(`cannot be read (${(cause as NodeJS.ErrnoException).code})`)
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function readText(file: string, faults: ConfigFault[]): string | undefined {
  try {
    const { size } = statSync(file)
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes`)
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const problem = `cannot be read: ${(cause as Error).message}`
    faults.push({ path: file, problem, advice: "name a file of vomsd's options" })
    return undefined
  }
}
