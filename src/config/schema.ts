import { isIP } from 'node:net'
import { z } from 'zod'
import { HOLDINGS_VIEW } from './holdingsView.ts'
import { HOST_CREDENTIAL } from './hostCredential.ts'
import { splitHostPort } from './splitHostPort.ts'

/** What people are told of one key: docs/config.md and config/full.toml are proven equal to these. */
export interface KeyInfo {
  /** Meaning, one or two sentences. */
  readonly about: string
  /** The values that are taken, as the end of "write ...". */
  readonly expected: string
  /** Default as it would stand in the file; undefined when there is no single value. */
  readonly fallback: string | undefined
  /** Shown in place of a default that has no single value, e.g. "required". */
  readonly fallbackText: string | undefined
  /** A value as it would stand in the file, for keys without a default. */
  readonly example: string | undefined
}

type Info = Pick<KeyInfo, 'about' | 'expected'> & Partial<KeyInfo>

/** Attaches what people are told; last in the chain, since every other method makes a schema of its own. */
function key<T extends z.ZodType>(schema: T, info: Info): T {
  return schema.meta({ ...info })
}

/** TOML text of a value made of strings, numbers, booleans, arrays and flat tables. */
function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name} = ${toml(inner)}`)
    .join(', ')} }`
}

function whole(unit: string, min: number, max: number, fallback: number, about: string) {
  const expected = `a whole number of ${unit} from ${min} to ${max}`
  return key(z.int().min(min).max(max).default(fallback), { about, expected, fallback: toml(fallback) })
}
const seconds = (min: number, max: number, fallback: number, about: string) =>
  whole('seconds', min, max, fallback, about)

function choice<const T extends readonly string[]>(values: T, fallback: NoInfer<T[number]>, about: string) {
  const expected = `one of ${values.map(toml).join(', ')}`
  return key(z.enum(values).default(fallback as never), { about, expected, fallback: toml(fallback) })
}

function flag(fallback: boolean, about: string) {
  return key(z.boolean().default(fallback), { about, expected: 'true or false', fallback: toml(fallback) })
}

const pathSchema = z
  .string()
  .min(1)
  .refine(path => !path.includes('\0'), 'contains a NUL character')
const PATH = 'the path of a file, absolute or relative to the configuration file'
const FOLDER = 'the path of a folder, absolute or relative to the configuration file'

const logKeys = z.strictObject({
  level: choice(
    ['debug', 'info', 'warn', 'error', 'silent'],
    'info',
    'The least severe log records that are written. Records go to standard output, one JSON object a line; the service manager keeps them.',
  ),
})

export const CONTROL_SOCKET = '/run/vouchd/control.sock'

const processesKeys = z.strictObject({
  workers: key(z.int().min(0).max(64).optional(), {
    about:
      'Processes that serve clients, beside the one that supervises them. 0: one process does everything, for trials; a fault of it ends the service.',
    expected: 'a whole number of processes from 0 to 64',
    fallbackText: 'by the number of cores',
    example: toml(2),
  }),
  controlSocket: key(pathSchema.default(CONTROL_SOCKET), {
    about:
      'Unix socket (mode 0600) that `vouchd reload` and `vouchd status` ask. Its folder has to exist; without it only signals steer the daemon.',
    expected: PATH,
    fallback: toml(CONTROL_SOCKET),
  }),
})

/** Own views: schema-qualified or plain identifiers, so that the name can stand in SQL as it is. */
const viewSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$/)
export const ATTRIBUTES_VIEW = 'vouchd.attributes'

function view(fallback: string, about: string) {
  const expected = 'the name of a view, NAME or SCHEMA.NAME, in letters, digits and underscores'
  return key(viewSchema.default(fallback), { about, expected, fallback: toml(fallback) })
}

const text = z.string().min(1)

const storeKeys = z.strictObject({
  kind: choice(
    ['embedded', 'postgres'],
    'embedded',
    'Where members live: in a database that vouchd brings along (trials and small VOs with backups), or in a PostgreSQL server.',
  ),
  folder: key(pathSchema.optional(), {
    about: 'Embedded only: the folder of the database, made with mode 0700 and locked by its one owner.',
    expected: FOLDER,
    fallback: toml('/var/lib/vouchd/database'),
  }),
  host: key(text.optional(), {
    about:
      'PostgreSQL only: host name or address of the server, or the folder of its Unix socket (begins with "/").',
    expected: 'a host name, an address, or an absolute path',
    fallback: toml('/var/run/postgresql'),
  }),
  port: key(z.int().min(1).max(65535).optional(), {
    about: "PostgreSQL only: the server's port, also part of its Unix socket's name.",
    expected: 'a port from 1 to 65535',
    fallback: toml(5432),
  }),
  database: key(text.optional(), {
    about: 'PostgreSQL only: name of the database.',
    expected: 'a name',
    fallback: toml('vouchd'),
  }),
  user: key(text.optional(), {
    about: 'PostgreSQL only: role of the daemon. Reading the two views is all that it needs.',
    expected: 'a name',
    fallback: toml('vouchd'),
  }),
  passwordFile: key(pathSchema.optional(), {
    about: "PostgreSQL only: file whose first line is that role's password. Without it, no password is sent.",
    expected: PATH,
    fallbackText: 'none',
    example: toml('/etc/vouchd/database.password'),
  }),
  ownerUser: key(text.optional(), {
    about: 'PostgreSQL only: role that `migrate` and `import` use, which owns the schema.',
    expected: 'a name',
    fallbackText: 'as `user`',
    example: toml('vouchd_owner'),
  }),
  ownerPasswordFile: key(pathSchema.optional(), {
    about: 'PostgreSQL only: file whose first line is the password of `ownerUser`.',
    expected: PATH,
    fallbackText: 'none',
    example: toml('/etc/vouchd/database-owner.password'),
  }),
  tls: key(z.enum(['verify-full', 'require', 'off']).optional(), {
    about:
      'PostgreSQL only: TLS to the server. "verify-full" checks its certificate and host name, "require" only encrypts, "off" is for a Unix socket or a loopback address.',
    expected: 'one of "verify-full", "require", "off"',
    fallbackText: '"off" for a Unix socket, else "verify-full"',
    example: toml('verify-full'),
  }),
  caFile: key(pathSchema.optional(), {
    about:
      'PostgreSQL only: PEM file of the CAs that may vouch for the server; without it those that Node brings.',
    expected: PATH,
    fallbackText: 'none',
    example: toml('/etc/vouchd/database-ca.pem'),
  }),
  poolSize: key(z.int().min(1).max(100).optional(), {
    about: 'PostgreSQL only: most connections of one process.',
    expected: 'a whole number from 1 to 100',
    fallback: toml(4),
  }),
  connectTimeoutSeconds: key(z.int().min(1).max(60).optional(), {
    about:
      'PostgreSQL only: how long connecting may take. A request waits no longer than its 1.5 seconds for it.',
    expected: 'a whole number of seconds from 1 to 60',
    fallback: toml(2),
  }),
  queryTimeoutSeconds: key(z.int().min(1).max(60).optional(), {
    about:
      'PostgreSQL only: how long the server may work on one statement. All that a request asks for is given up after 1.5 seconds whatever this says; migrations and imports are not bound by either.',
    expected: 'a whole number of seconds from 1 to 60',
    fallback: toml(2),
  }),
})

const directoryKeys = z.strictObject({
  holdingsView: view(
    HOLDINGS_VIEW,
    'The view through which members and their groups and roles are resolved (docs/views.md).',
  ),
  attributesView: view(ATTRIBUTES_VIEW, 'The view through which generic attributes are resolved.'),
  versionQuery: key(text.optional(), {
    about:
      "Only for a site's own views: a query whose single value changes with every change of membership. It is asked each second.",
    expected: 'one SELECT statement',
    fallbackText: "none; the built-in views have vouchd's own",
    example: toml('SELECT max(changed) FROM membership_changes'),
  }),
  cacheMembers: whole('members', 0, 1_000_000, 10_000, 'Most members that one process keeps in memory.'),
  cacheSeconds: key(z.int().min(0).max(86_400).optional(), {
    about:
      'Upper bound on the age of a cached member while the database answers. Changes are noticed within a second all the same, except with own views that have no `versionQuery`: there this is the promise, 60 at most.',
    expected: 'a whole number of seconds from 0 to 86400',
    fallback: toml(300),
    fallbackText: '300; 5 with own views and no `versionQuery`',
  }),
  graceSeconds: seconds(
    0,
    86_400,
    900,
    'How long cached members are served while the database is away. After that clients are told of a database problem.',
  ),
})

const trustKeys = z.strictObject({
  directory: key(pathSchema.default('/etc/grid-security/certificates'), {
    about: 'The trust directory: CA certificates, CRLs, signing policies and namespaces by hashed names.',
    expected: FOLDER,
    fallback: toml('/etc/grid-security/certificates'),
  }),
  vomsdir: key(pathSchema.default('/etc/grid-security/vomsdir'), {
    about:
      'LSC files, VO/HOST.lsc, by which the ACs that clients already carry are verified (the subset rule). Without a file for a VO its ACs restrict nothing.',
    expected: FOLDER,
    fallback: toml('/etc/grid-security/vomsdir'),
  }),
  pollSeconds: seconds(
    1,
    86_400,
    600,
    'How often the trust directory is looked at for changes, besides SIGHUP and notice by the system.',
  ),
})

const authenticationKeys = z.strictObject({
  proxyKinds: key(
    z
      .array(z.enum(['rfc', 'draft', 'legacy']))
      .refine(kinds => new Set(kinds).size === kinds.length, 'names a kind twice')
      .default(['rfc']),
    {
      about: 'Kinds of proxy certificates that are taken. Current clients make RFC 3820 proxies only.',
      expected: 'an array of "rfc", "draft", "legacy"',
      fallback: toml(['rfc']),
    },
  ),
  allowLimited: flag(
    true,
    'Issue to limited proxies. The limit stays in the chain that the AC is used with.',
  ),
  allowIndependent: flag(
    false,
    'Take independent proxies, which inherit no rights, though an AC is bound to the certificate above them.',
  ),
  maxProxyDepth: whole('proxies', 0, 100, 16, 'Most proxies between the client and its EEC.'),
  maxSentCerts: whole('certificates', 1, 128, 32, 'Most certificates that a client may send.'),
  namespaces: choice(
    ['require', 'ifPresent', 'ignore'],
    'require',
    'Whether CAs are held to their signing policies and namespaces files; "ifPresent" lets a CA without any pass. Without them every customer of a commercial root could log in.',
  ),
  allowSentIntermediates: flag(
    false,
    'Take intermediate CAs that only the client sends, not installed in the trust directory.',
  ),
  partialChain: flag(false, 'Take a path that ends at an intermediate CA of the trust directory.'),
  crl: choice(
    ['ifPresent', 'require', 'ignore'],
    'ifPresent',
    'Revocation. "ifPresent": a missing CRL passes, one that is present but bad or expired does not. Set "require" where CRLs are fetched for every CA.',
  ),
  crlGraceSeconds: seconds(
    0,
    2_592_000,
    0,
    'How long an expired CRL is still good. Raise it only for the outage of a CA.',
  ),
  minRsaBits: whole('bits', 2048, 16_384, 2048, 'Smallest RSA key of EECs and CAs.'),
  minProxyRsaBits: whole('bits', 1024, 16_384, 2048, 'Smallest RSA key of proxies.'),
  maxRsaBits: whole('bits', 2048, 16_384, 8192, 'Largest RSA key of any certificate.'),
  requireClientAuthEku: flag(
    false,
    'Refuse EECs and proxies whose extended key usage lacks clientAuth. Host certificates used as clients often lack it.',
  ),
  clockSkewSeconds: seconds(
    0,
    3600,
    300,
    "How far a proxy's notBefore may lie ahead. notAfter never gets slack.",
  ),
  enforce: flag(
    true,
    'false: the verdict of namespaces and CRLs is computed and logged, but the client passes. For the days of a migration only.',
  ),
})

const signingKeys = z.strictObject({
  mode: choice(
    ['pool', 'inline'],
    'pool',
    'Sign in threads of their own, or in the thread that serves connections.',
  ),
  threads: key(z.int().min(1).max(64).optional(), {
    about: 'Signing threads of one process, with mode "pool".',
    expected: 'a whole number from 1 to 64',
    fallbackText: 'by the number of cores',
    example: toml(2),
  }),
  maxQueue: whole(
    'signatures',
    1,
    100_000,
    1000,
    'Most signatures waiting; beyond that clients are told that the server is overloaded.',
  ),
})

const auditKeys = z.strictObject({
  enabled: flag(
    true,
    'Whether what is issued is recorded, durably, before the key is used (docs/audit.md). false is for trials only.',
  ),
  folder: key(pathSchema.default('/var/lib/vouchd/audit'), {
    about: 'The folder of the records, made with mode 0700.',
    expected: FOLDER,
    fallback: toml('/var/lib/vouchd/audit'),
  }),
  headKey: key(pathSchema.optional(), {
    about:
      'PEM file of the Ed25519 key that signs the heads of the records once a minute, made at the first start (mode 0400). Its public half stands beside it, with .pub appended: keep a copy of that on another machine.',
    expected: PATH,
    fallbackText: 'heads.key in `folder`',
    example: toml('/var/lib/vouchd/audit-heads.key'),
  }),
  onFull: choice(
    ['refuse', 'alarm'],
    'refuse',
    'What happens while records cannot be written, for a full disk above all: nothing is issued, or ACs are issued without a record, and the log and the metrics raise the alarm.',
  ),
  maxSegmentBytes: whole(
    'bytes',
    65_536,
    1_073_741_824,
    67_108_864,
    'Size from which on a new file is begun. One is begun each day as well.',
  ),
  retentionDays: whole(
    'days',
    0,
    36_500,
    730,
    'How long records are kept, whole files at a time; only what was verified and signed is ever removed. 0 keeps them for ever.',
  ),
})

/** Values of [limits] that a [[vo]] may have of its own. */
const RATES = {
  holderRequestsPerMinute: {
    unit: 'requests',
    max: 1_000_000,
    fallback: 0,
    about:
      'Most requests of one holder, by subject and issuer of his certificate, in a minute; what is beyond is answered with an error that says so. 0: no limit.',
  },
  addressConnectionsPerMinute: {
    unit: 'connections',
    max: 1_000_000,
    fallback: 0,
    about:
      'Most connections from one address (of IPv6, one /64) in a minute; what is beyond is closed before TLS. 0: no limit.',
  },
  addressConnections: {
    unit: 'connections',
    max: 100_000,
    fallback: 500,
    about:
      'Most connections from one address (of IPv6, one /64) that are open at once; one more is closed before TLS. 0: no limit.',
  },
  connectionsPerMinute: {
    unit: 'connections',
    max: 10_000_000,
    fallback: 0,
    about: 'Most connections to one VO in a minute; what is beyond is closed before TLS. 0: no limit.',
  },
} as const
export type RateName = keyof typeof RATES
export const RATE_NAMES = Object.keys(RATES) as readonly RateName[]

type RateShape<T extends z.ZodType> = { readonly [K in RateName]: T }

function rateKeys(): RateShape<z.ZodDefault<z.ZodInt>> {
  const keys = RATE_NAMES.map(name => {
    const { unit, max, fallback, about } = RATES[name]
    return [name, whole(unit, 0, max, fallback, about)]
  })
  return Object.fromEntries(keys) as RateShape<z.ZodDefault<z.ZodInt>>
}

function ownRateKeys(): RateShape<z.ZodOptional<z.ZodInt>> {
  const keys = RATE_NAMES.map(name => {
    const { unit, max } = RATES[name]
    const info = {
      about: `As in [limits], for this VO.`,
      expected: `a whole number of ${unit} from 0 to ${max}`,
      fallbackText: 'as in [limits]',
      example: toml(name === 'addressConnections' ? 100 : 600),
    }
    return [name, key(z.int().min(0).max(max).optional(), info)]
  })
  return Object.fromEntries(keys) as RateShape<z.ZodOptional<z.ZodInt>>
}

const limitsKeys = z.strictObject({
  handshakeSeconds: seconds(1, 300, 9, 'How long the TLS handshake may take.'),
  requestSeconds: seconds(1, 300, 9, 'How long a client may take to send its whole request.'),
  connectionSeconds: seconds(
    1,
    3600,
    15,
    'How long a connection may live from its first byte to its close, kept connections aside.',
  ),
  maxConnections: whole(
    'connections',
    1,
    100_000,
    4000,
    'Most connections that one VO has open at once; with one more, one that has stood still before its request makes room, or else the new one is closed.',
  ),
  maxHandshakes: whole(
    'handshakes',
    1,
    100_000,
    1000,
    'Most of them whose request has not come yet, handshakes above all; with one more, the one that has stood still for longest is closed.',
  ),
  maxWaitMilliseconds: whole(
    'milliseconds',
    10,
    10_000,
    400,
    'How long a connection may wait for its handshake when there are more than the process can serve; while one waits longer, new ones are closed at once.',
  ),
  ...rateKeys(),
  maxRequestBytes: whole('bytes', 16_384, 1_048_576, 65_536, 'Largest request, header included.'),
  backlog: whole(
    'connections',
    1,
    65_535,
    4096,
    'Connections that the kernel queues on each address before they are accepted; the system may cap it.',
  ),
})

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/

const listenSchema = z.string().refine(value => {
  const address = splitHostPort(value)
  return address !== undefined && (isIP(address.host) !== 0 || HOST_NAME.test(address.host))
}, 'is not an address with a port')

const uriSchema = z.string().refine(value => {
  const address = splitHostPort(value)
  return address !== undefined && address.port > 0 && HOST_NAME.test(address.host)
}, 'is not a host name with a port')

const observeAddressSchema = z.string().refine(value => {
  if (value.startsWith(UNIX_PREFIX)) return value.length > UNIX_PREFIX.length && !value.includes('\0')
  const address = splitHostPort(value)
  return address !== undefined && (isIP(address.host) !== 0 || HOST_NAME.test(address.host))
}, 'is neither an address with a port nor unix:PATH')

const networkSchema = z.string().refine(value => {
  const [address = '', bits, ...more] = value.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (more.length > 0 || most < 0) return false
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= most)
}, 'is neither an address nor a network')

/** What an address of [observe] begins with that is a Unix socket. */
export const UNIX_PREFIX = 'unix:'
export const OBSERVE_ADDRESS = '127.0.0.1:9469'

const observeKeys = z.strictObject({
  listen: key(z.array(observeAddressSchema).max(16).default([OBSERVE_ADDRESS]), {
    about:
      'Where metrics, health and the status page are asked for (docs/operations.md). Other addresses than those of the machine itself need a `credential` or an `allow` list. Empty: nowhere.',
    expected: 'an array of "ADDRESS:PORT", "[IPv6]:PORT" or "unix:PATH"',
    fallback: toml([OBSERVE_ADDRESS]),
  }),
  credential: key(z.strictObject({ certificate: pathSchema, key: pathSchema }).optional(), {
    about: 'With it, HTTPS is spoken on all of these addresses but Unix sockets.',
    expected: '{ certificate = "FILE", key = "FILE" }',
    fallbackText: 'none: plain HTTP',
    example: toml({
      certificate: '/etc/grid-security/hostcert.pem',
      key: '/etc/grid-security/hostkey.pem',
    }),
  }),
  allow: key(z.array(networkSchema).min(1).max(256).optional(), {
    about: 'Addresses and networks that may ask, beside the machine itself; others are cut off.',
    expected: 'an array of "ADDRESS" or "NETWORK/BITS"',
    fallbackText: 'everybody who reaches the address',
    example: toml(['192.0.2.0/24', '2001:db8::/32']),
  }),
})

const credentialSchema = z.strictObject({ certificate: pathSchema, key: pathSchema })
const CREDENTIAL = '{ certificate = "FILE", key = "FILE" }'

/** Keys of [[vo]] that [defaults] may set for every VO at once; their defaults are VO_FALLBACKS. */
const sharedVoKeys = z.strictObject({
  hostCredentials: key(z.array(credentialSchema).min(1).max(2).optional(), {
    about:
      'TLS credentials: PEM file of the certificate, its intermediates after it, and PEM file of its key (mode 0400). Two, an RSA and an ECDSA one, give clients that can do ECDSA the cheaper handshake.',
    expected: `an array of one or two ${CREDENTIAL}`,
    fallback: toml([HOST_CREDENTIAL]),
  }),
  acCredential: key(credentialSchema.optional(), {
    about:
      "The credential that signs ACs, with an RSA key. Its subject is the AC issuer's name in LSC files.",
    expected: CREDENTIAL,
    fallbackText: 'the host credential, when there is just one',
    example: toml(HOST_CREDENTIAL),
  }),
  acIntermediates: key(pathSchema.optional(), {
    about:
      "PEM file of certificates that go into ACs after the AC issuer's own. Only when the LSC files in use list them.",
    expected: PATH,
    fallbackText: 'none',
    example: toml('/etc/vouchd/ac-intermediates.pem'),
  }),
  allowEcAcKey: key(z.boolean().optional(), {
    about: 'Sign ACs with an EC key all the same. Java clients and ARC reject such ACs.',
    expected: 'true or false',
    fallback: toml(false),
  }),
  digest: key(z.enum(['sha256', 'sha384', 'sha512']).optional(), {
    about: "Digest of the AC's signature.",
    expected: 'one of "sha256", "sha384", "sha512"',
    fallback: toml('sha256'),
  }),
  maxLifetimeSeconds: key(z.int().min(1).max(2_592_000).optional(), {
    about: 'Longest lifetime of an AC, and the lifetime where none is asked for.',
    expected: 'a whole number of seconds from 1 to 2592000',
    fallback: toml(86_400),
  }),
  fqanForm: key(z.enum(['long', 'short']).optional(), {
    about: 'How FQANs are written: "long" with /Role=NULL and /Capability=NULL, "short" without.',
    expected: 'one of "long", "short"',
    fallback: toml('long'),
  }),
  holderForm: key(z.enum(['subject', 'issuer']).optional(), {
    about:
      'What stands in holder.baseCertificateID.issuer: the subject of the EEC (what VOMS clients expect) or its issuer (as RFC 5755 has it; Java clients reject it).',
    expected: 'one of "subject", "issuer"',
    fallback: toml('subject'),
  }),
  matchSubjectOnly: key(z.boolean().optional(), {
    about:
      'Find members by the subject of their certificate alone, whichever CA issued it. Logged; a subject that fits several members is refused.',
    expected: 'true or false',
    fallback: toml(false),
  }),
  forceBase64: key(z.boolean().optional(), {
    about: 'Legacy answers are always MIME base64, asked for or not.',
    expected: 'true or false',
    fallback: toml(false),
  }),
  keepAliveSeconds: key(z.int().min(0).max(3600).optional(), {
    about: 'How long an idle HTTP/1.1 connection is kept for another request; 0 closes it after the answer.',
    expected: 'a whole number of seconds from 0 to 3600',
    fallback: toml(0),
  }),
})

export const VO_FALLBACKS = {
  hostCredentials: [HOST_CREDENTIAL],
  allowEcAcKey: false,
  digest: 'sha256',
  maxLifetimeSeconds: 86_400,
  fqanForm: 'long',
  holderForm: 'subject',
  matchSubjectOnly: false,
  forceBase64: false,
  keepAliveSeconds: 0,
} as const

export const VO_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/

export const FOLLOW_KEYS = [
  ...['source', 'host', 'port', 'socket', 'database', 'user', 'passwordFile', 'tls', 'everySeconds'],
] as const
const FOLLOW =
  '{ source = "voms-admin" or "iam", host = "HOST", port = PORT, socket = "PATH", database = "NAME", user = "NAME", passwordFile = "FILE", tls = "off", "require" or "verify-full", everySeconds = 1 to 3600 }'
const followSchema = z.strictObject({
  source: z.enum(['voms-admin', 'iam']),
  host: text.default('localhost'),
  port: z.int().min(1).max(65_535).default(3306),
  socket: pathSchema.optional(),
  database: text,
  user: text,
  passwordFile: pathSchema.optional(),
  tls: z.enum(['off', 'require', 'verify-full']).default('off'),
  everySeconds: z.int().min(1).max(3600).default(10),
})

const voKeys = z.strictObject({
  name: key(z.string().regex(VO_NAME), {
    about: 'Name of the VO, which is also the first element of each of its FQANs.',
    expected: 'a name in letters, digits, ".", "_" and "-", at most 255 characters',
    fallbackText: 'required',
    example: toml('vo.example'),
  }),
  listen: key(z.array(listenSchema).min(1).max(16), {
    about:
      "Every address of this VO's port, each written out; 0.0.0.0 stands for IPv4 alone and [::] for IPv6 alone. Port 0 takes a free one.",
    expected: 'an array of "ADDRESS:PORT" or "[IPv6]:PORT"',
    fallbackText: 'required',
    example: toml(['0.0.0.0:15000', '[::]:15000']),
  }),
  uri: key(uriSchema, {
    about:
      "HOST:PORT that goes into ACs and warnings. HOST is the name of clients' LSC file: keep it when replacing another server.",
    expected: '"HOST:PORT" with the public host name',
    fallbackText: 'required',
    example: toml('voms.example.org:15000'),
  }),
  follow: key(followSchema.optional(), {
    about:
      'The live MySQL or MariaDB of VOMS Admin or INDIGO IAM that the members are mirrored from, until the VO is administered here (docs/migrate.md). `source`, `database` and `user` are required; `host` is "localhost" (its Unix socket, where there is one), `port` 3306, `tls` "off", and `everySeconds` 10 when they are absent. It is looked at so often that a change is effective within `everySeconds`.',
    expected: FOLLOW,
    fallbackText: 'none',
    example: toml({
      ...{ source: 'voms-admin', host: 'localhost', port: 3306, database: 'voms_vo', user: 'voms' },
      ...{ passwordFile: '/etc/vouchd/voms.password', tls: 'off', everySeconds: 10 },
    }),
  }),
  ...ownRateKeys(),
  ...sharedVoKeys.shape,
})

/** The tables of the file, in the order of docs/config.md. [[vo]] may occur any number of times, at least once. */
export const TABLES = {
  log: logKeys,
  store: storeKeys,
  directory: directoryKeys,
  trust: trustKeys,
  authentication: authenticationKeys,
  signing: signingKeys,
  processes: processesKeys,
  audit: auditKeys,
  limits: limitsKeys,
  observe: observeKeys,
  defaults: sharedVoKeys,
  vo: voKeys,
} as const
export type TableName = keyof typeof TABLES

export type StoreTable = z.output<typeof storeKeys>
export type DirectoryTable = z.output<typeof directoryKeys>
export type AuthenticationTable = z.output<typeof authenticationKeys>
export type AuditTable = z.output<typeof auditKeys>
export type ObserveTable = z.output<typeof observeKeys>
export type LimitsTable = z.output<typeof limitsKeys>
export type DefaultsTable = z.output<typeof sharedVoKeys>
export type VoTable = z.output<typeof voKeys>

/** What people are told of a key; undefined for a key that does not exist. */
export function keyInfo(table: TableName, name: string): KeyInfo | undefined {
  const shape: Record<string, z.ZodType> = TABLES[table].shape
  const schema = Object.hasOwn(shape, name) ? shape[name] : undefined
  return schema?.meta() as KeyInfo | undefined
}
