import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/ConfigError.ts'
import { checkConfig } from '../../src/config/checkConfig.ts'
import { TABLES, type TableName } from '../../src/config/schema.ts'

const vo = { name: 'vo.0', listen: ['127.0.0.1:15000'], uri: 'voms.example.org:15000' }
const rsa = { certificate: 'rsa.pem', key: 'rsa.key' }
const ec = { certificate: 'ec.pem', key: 'ec.key' }
const postgres = (keys: object) => ({ vo: [vo], store: { kind: 'postgres', ...keys } })

function faultsOf(raw: unknown): string[] {
  try {
    checkConfig(raw, '/etc/vouchd')
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}

describe('checkConfig', () => {
  it('fills in every default of the policy switches', () => {
    expect(checkConfig({ vo: [vo] }, '/etc/vouchd').authentication).toEqual({
      proxyKinds: ['rfc'],
      allowLimited: true,
      allowIndependent: false,
      maxProxyDepth: 16,
      maxSentCerts: 32,
      namespaces: 'require',
      allowSentIntermediates: false,
      partialChain: false,
      crl: 'ifPresent',
      crlGraceSeconds: 0,
      minRsaBits: 2048,
      minProxyRsaBits: 2048,
      maxRsaBits: 8192,
      requireClientAuthEku: false,
      clockSkewSeconds: 300,
      enforce: true,
    })
  })

  it('resolves relative paths against the folder of the file, and leaves absolute ones', () => {
    const config = checkConfig(
      {
        store: { folder: '../db' },
        trust: { directory: 'cas' },
        vo: [
          {
            ...vo,
            hostCredentials: [{ certificate: 'host.pem', key: '/keys/host.key' }],
            acIntermediates: 'x.pem',
          },
        ],
      },
      '/etc/vouchd',
    )
    expect(config.store).toEqual({ kind: 'embedded', folder: '/etc/db' })
    expect(config.trust.directory).toBe('/etc/vouchd/cas')
    expect(config.vos[0]).toMatchObject({
      hostCredentials: [{ certificate: '/etc/vouchd/host.pem', key: '/keys/host.key' }],
      acCredential: { certificate: '/etc/vouchd/host.pem', key: '/keys/host.key' },
      acIntermediates: '/etc/vouchd/x.pem',
    })
  })

  it('splits addresses, brackets off', () => {
    const listen = ['0.0.0.0:15000', '[::]:15000', 'localhost:0']
    expect(checkConfig({ vo: [{ ...vo, listen }] }, '/').vos[0]!.listen).toEqual([
      { host: '0.0.0.0', port: 15000 },
      { host: '::', port: 15000 },
      { host: 'localhost', port: 0 },
    ])
  })

  it('takes [defaults] for every VO, the value of the VO first', () => {
    const other = { ...vo, name: 'vo.1', listen: ['127.0.0.1:15001'], digest: 'sha512' }
    const config = checkConfig({ defaults: { digest: 'sha384', keepAliveSeconds: 3 }, vo: [vo, other] }, '/')
    expect(config.vos.map(v => [v.digest, v.keepAliveSeconds])).toEqual([
      ['sha384', 3],
      ['sha512', 3],
    ])
  })

  it('gives a value that is frozen all the way down', () => {
    const config = checkConfig({ vo: [vo] }, '/')
    const open: string[] = []
    const visit = (value: unknown, at: string) => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) open.push(at)
      for (const [key, inner] of Object.entries(value)) visit(inner, `${at}.${key}`)
    }
    visit(config, 'config')
    expect(open).toEqual([])
  })

  it('derives TLS to the database from how it is reached', () => {
    expect(checkConfig(postgres({}), '/').store).toMatchObject({ host: '/var/run/postgresql', tls: 'off' })
    expect(checkConfig(postgres({ host: 'db' }), '/').store).toMatchObject({
      tls: 'verify-full',
      owner: undefined,
    })
    expect(checkConfig(postgres({ host: '127.0.0.1', tls: 'off' }), '/').store).toMatchObject({ tls: 'off' })
  })

  it('caches briefly over own views that announce no change', () => {
    const at = (directory: object) => checkConfig({ directory, vo: [vo] }, '/').directory.cacheSeconds
    expect(at({})).toBe(300)
    expect(at({ holdingsView: 'site.holdings' })).toBe(5)
    expect(at({ holdingsView: 'site.holdings', versionQuery: 'SELECT 1' })).toBe(300)
  })
})

describe('one fault', () => {
  const rows: [string, unknown, string][] = [
    ['a configuration that is no table', [], ': is not a table'],
    ['an unknown table', { vo: [vo], colours: {} }, 'colours: is not a table of this file; remove it'],
    [
      'two letters swapped',
      { vo: [vo], truts: {} },
      'truts: is not a table of this file; did you mean trust?',
    ],
    [
      'two letters of a key swapped',
      { vo: [vo], trust: { directroy: '/x' } },
      'trust.directroy: is not a key of this table; did you mean directory?',
    ],
    ['a misspelt table', { vo: [vo], limit: {} }, 'limit: is not a table of this file; did you mean limits?'],
    [
      'an unknown key',
      { vo: [vo], limits: { colour: 1 } },
      'limits.colour: is not a key of this table; remove it',
    ],
    [
      'a misspelt key',
      { vo: [{ ...vo, digst: 'sha256' }] },
      'vo[0].digst: is not a key of this table; did you mean digest?',
    ],
    [
      'an unknown key in a credential',
      { vo: [{ ...vo, acCredential: { ...rsa, password: 'x' } }] },
      'vo[0].acCredential.password: is not a key of this table',
    ],
    ['a prototype as key', JSON.parse('{"__proto__": {}, "vo": []}'), '__proto__: is not a table'],
    ['no VO', {}, 'vo: there is no VO; write one [[vo]] table'],
    ['no VO in the array', { vo: [] }, 'vo: there is no VO'],
    [
      'a single-bracket vo',
      { vo },
      'vo: is not an array of tables; write one [[vo]] table, with two brackets',
    ],
    ['too many VOs', { vo: Array(257).fill(vo) }, 'vo: there are 257 VOs; at most 256'],
    ['a VO that is no table', { vo: ['vo.0'] }, 'vo[0]: is a string'],
    [
      'a missing name',
      { vo: [{ ...vo, name: undefined }] },
      'vo[0].name: is missing; write a name in letters',
    ],
    [
      'a name with a slash',
      { vo: [{ ...vo, name: '/vo.0' }] },
      'vo[0].name: "/vo.0" is not a value of this key',
    ],
    [
      'a missing port',
      { vo: [{ ...vo, listen: ['127.0.0.1'] }] },
      'vo[0].listen[0]: is not an address with a port',
    ],
    [
      'a port above 65535',
      { vo: [{ ...vo, listen: ['127.0.0.1:65536'] }] },
      'vo[0].listen[0]: is not an address',
    ],
    [
      'IPv6 without brackets',
      { vo: [{ ...vo, listen: ['::1:15000'] }] },
      'vo[0].listen[0]: is not an address',
    ],
    [
      'IPv4 in brackets',
      { vo: [{ ...vo, listen: ['[127.0.0.1]:1'] }] },
      'vo[0].listen[0]: is not an address',
    ],
    ['no address', { vo: [{ ...vo, listen: [] }] }, 'vo[0].listen: has too few entries'],
    ['listen as text', { vo: [{ ...vo, listen: '0.0.0.0:1' }] }, 'vo[0].listen: is a string; write an array'],
    [
      'an uri without port',
      { vo: [{ ...vo, uri: 'voms.example.org' }] },
      'vo[0].uri: is not a host name with a port',
    ],
    ['an uri with port 0', { vo: [{ ...vo, uri: 'voms.example.org:0' }] }, 'vo[0].uri: is not a host name'],
    [
      'an uri with a scheme',
      { vo: [{ ...vo, uri: 'https://voms.example.org:1' }] },
      'vo[0].uri: is not a host',
    ],
    [
      'an EC and an RSA host credential and none for ACs',
      { vo: [{ ...vo, hostCredentials: [rsa, ec] }] },
      'vo[0].acCredential: is missing, and there are two host credentials; name the one that signs ACs',
    ],
    [
      'three host credentials',
      { vo: [{ ...vo, hostCredentials: [rsa, ec, rsa] }] },
      'vo[0].hostCredentials: has too many',
    ],
    [
      'a credential without key',
      { vo: [{ ...vo, acCredential: { certificate: 'a.pem' } }] },
      'vo[0].acCredential.key: is missing',
    ],
    ['an empty path', { vo: [{ ...vo, acIntermediates: '' }] }, 'vo[0].acIntermediates: is empty'],
    [
      'a path with NUL',
      { vo: [vo], trust: { directory: 'a\0b' } },
      'trust.directory: contains a NUL character',
    ],
    [
      'an unknown digest',
      { vo: [{ ...vo, digest: 'sha1' }] },
      'vo[0].digest: "sha1" is not a value of this key; write one of',
    ],
    [
      'a lifetime of zero',
      { vo: [{ ...vo, maxLifetimeSeconds: 0 }] },
      'vo[0].maxLifetimeSeconds: 0 is too small',
    ],
    [
      'a lifetime in text',
      { vo: [{ ...vo, maxLifetimeSeconds: '1d' }] },
      'vo[0].maxLifetimeSeconds: is a string; write a whole number of seconds',
    ],
    ['a fraction', { vo: [vo], limits: { requestSeconds: 1.5 } }, 'limits.requestSeconds: is a fraction'],
    [
      'a limit too large',
      { vo: [vo], limits: { maxRequestBytes: 2 ** 21 } },
      'limits.maxRequestBytes: 2097152 is too large',
    ],
    [
      'a flag in text',
      { vo: [{ ...vo, forceBase64: 'yes' }] },
      'vo[0].forceBase64: is a string; write true or false',
    ],
    [
      'two VOs of one name',
      { vo: [vo, { ...vo, listen: ['127.0.0.1:1'] }] },
      'vo[1].name: vo.0 is also vo[0]',
    ],
    [
      'two VOs on one port',
      { vo: [vo, { ...vo, name: 'b' }] },
      'vo[1].listen[0]: is the same address as vo[0].listen[0]; give each VO a port of its own',
    ],
    [
      'a wildcard over another address',
      { vo: [vo, { ...vo, name: 'b', listen: ['0.0.0.0:15000'] }] },
      'vo[1].listen[0]: is the same address as vo[0].listen[0]',
    ],
    [
      'two spellings of the IPv6 wildcard',
      { vo: [{ ...vo, listen: ['[::]:5', '[0:0::0]:5'] }] },
      'vo[0].listen[1]: is the same address as vo[0].listen[0]',
    ],
    [
      'a database key with the embedded store',
      { vo: [vo], store: { port: 1 } },
      'store.port: does not go with kind = "embedded"; remove it, or set kind = "postgres"',
    ],
    [
      'a folder with PostgreSQL',
      postgres({ folder: 'x' }),
      'store.folder: does not go with kind = "postgres"',
    ],
    [
      'passwords in clear',
      postgres({ host: 'db.example.org', tls: 'off' }),
      'store.tls: "off" would send passwords',
    ],
    [
      'TLS on a Unix socket',
      postgres({ host: '/run/pg', tls: 'require' }),
      'store.tls: "require" does not go with a Unix socket',
    ],
    [
      'a CA file that nothing reads',
      postgres({ host: 'db', tls: 'require', caFile: 'ca.pem' }),
      'store.caFile: is not used',
    ],
    [
      'a password of no owner',
      postgres({ ownerPasswordFile: 'x' }),
      'store.ownerPasswordFile: has no ownerUser',
    ],
    [
      'SQL in the name of a view',
      { vo: [vo], directory: { holdingsView: 'a; drop table b' } },
      'directory.holdingsView: "a; drop table b" is not',
    ],
    [
      'a version query of the built-in views',
      { vo: [vo], directory: { versionQuery: 'SELECT 1' } },
      "directory.versionQuery: is only for a site's own views",
    ],
    [
      'a long cache over views that announce no change',
      { vo: [vo], directory: { attributesView: 'a', cacheSeconds: 300 } },
      'directory.cacheSeconds: 300 would let a suspended member be served that long',
    ],
    [
      'an unknown proxy kind',
      { vo: [vo], authentication: { proxyKinds: ['rfc', 'old'] } },
      'authentication.proxyKinds[1]: "old" is not',
    ],
    [
      'a proxy kind twice',
      { vo: [vo], authentication: { proxyKinds: ['rfc', 'rfc'] } },
      'authentication.proxyKinds: names a kind twice',
    ],
    [
      'an EEC key limit below 2048',
      { vo: [vo], authentication: { minRsaBits: 1024 } },
      'authentication.minRsaBits: 1024 is too small',
    ],
    [
      'a lower limit above the upper',
      { vo: [vo], authentication: { minProxyRsaBits: 4096, maxRsaBits: 3072 } },
      'authentication.minProxyRsaBits: 4096 is above maxRsaBits, 3072',
    ],
    [
      'an EEC lower limit above the upper',
      { vo: [vo], authentication: { minRsaBits: 4096, maxRsaBits: 3072 } },
      'authentication.minRsaBits: 4096 is above maxRsaBits',
    ],
    [
      'no room for the EEC',
      { vo: [vo], authentication: { maxSentCerts: 16 } },
      'authentication.maxSentCerts: 16 leaves no room for 16 proxies',
    ],
    [
      'a handshake longer than the connection',
      { vo: [vo], limits: { handshakeSeconds: 20 } },
      'limits.handshakeSeconds: 20 is above connectionSeconds, 15',
    ],
    [
      'what is told to others than the machine itself',
      { vo: [vo], observe: { listen: ['0.0.0.0:9469'] } },
      'observe.listen[0]: is open to others, in clear and without a list of who may ask',
    ],
    [
      'what is told to others than the machine itself over IPv6',
      { vo: [vo], observe: { listen: ['127.0.0.1:0', '[2001:db8::1]:1'] } },
      'observe.listen[1]: is open to others, in clear and without a list of who may ask',
    ],
    [
      'a network with too many bits',
      { vo: [vo], observe: { allow: ['192.0.2.0/33'] } },
      'observe.allow[0]: is neither an address nor a network',
    ],
    [
      'a Unix socket without a path',
      { vo: [vo], observe: { listen: ['unix:'] } },
      'observe.listen[0]: is neither an address with a port nor unix:PATH',
    ],
    [
      'a request longer than the connection',
      { vo: [vo], limits: { requestSeconds: 20 } },
      'limits.requestSeconds: 20 is above connectionSeconds, 15',
    ],
    ['a table that is a value', { vo: [vo], log: 'debug' }, 'log: is a string; write a table [log]'],
  ]
  it.each(rows)('%s', (_name, raw, message) => {
    const faults = faultsOf(raw)
    const ours = faults.filter(fault =>
      fault.startsWith(message.startsWith(': ') ? message.slice(2) : message),
    )
    expect(ours, faults.join('\n')).toHaveLength(1)
    const alsoNoVo = faults.length === 2 && faults.some(fault => fault.startsWith('vo: '))
    expect(faults.length === 1 || alsoNoVo, faults.join('\n')).toBe(true)
  })
})

it('reports every fault together', () => {
  const faults = faultsOf({
    log: { level: 'loud' },
    limits: { requestSeconds: 0, colour: 1, hue: 2 },
    vo: [{ name: '' }, { ...vo, keepAliveSeconds: -1, uri: 'x' }],
  })
  expect(faults.map(fault => fault.split(':')[0])).toEqual([
    'log.level',
    'limits.requestSeconds',
    'limits.colour',
    'limits.hue',
    'vo[0].name',
    'vo[0].listen',
    'vo[0].uri',
    'vo[1].uri',
    'vo[1].keepAliveSeconds',
  ])
})

it('answers any value with a configuration or a ConfigError', () => {
  const tables = Object.keys(TABLES) as TableName[]
  const keys = tables.flatMap(table => Object.keys(TABLES[table].shape))
  const table = fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.anything({ maxDepth: 2 }))
  const raw = fc.dictionary(
    fc.constantFrom(...tables),
    fc.oneof(table, fc.array(table, { maxLength: 3 }), fc.anything({ maxDepth: 2 })),
  )
  fc.assert(fc.property(raw, value => Array.isArray(faultsOf(value))))
})

describe('where the daemon is watched', () => {
  it.each([
    [{}, { listen: [{ host: '127.0.0.1', port: 9469 }], credential: undefined, allow: undefined }],
    [{ listen: ['unix:run/metrics.sock'] }, { listen: [{ path: '/base/run/metrics.sock' }] }],
    [
      { listen: ['[::]:1'], allow: ['192.0.2.7', '2001:db8::/32'] },
      { listen: [{ host: '::', port: 1 }], allow: ['192.0.2.7', '2001:db8::/32'] },
    ],
    [
      { listen: ['monitor.example:1'], credential: { certificate: 'c.pem', key: '/k.pem' } },
      { credential: { certificate: '/base/c.pem', key: '/k.pem' } },
    ],
  ])('%j', (observe, expected) => {
    expect(checkConfig({ vo: [vo], observe }, '/base').observe).toMatchObject(expected)
  })
})
