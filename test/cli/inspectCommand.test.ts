import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeAcExtension } from '../../native-free/ac/extractAcs.ts'
import { OID_AC_SEQUENCE } from '../../native-free/ac/oids.ts'
import { formatLegacyAnswer } from '../../native-free/wire/legacyAnswer.ts'
import { formatRestAnswer } from '../../native-free/wire/restAnswer.ts'
import { encodePem } from '../../native-free/x509/pem.ts'
import { issue } from '../../src/issue/issue.ts'
import { createProfile } from '../../src/issue/profile.ts'
import { createInlineSigner } from '../../src/issue/sign/inline.ts'
import type { Grant } from '../../src/issue/types.ts'
import { profileConfig, signingKeyFile } from '../fakes/acIssuer.ts'
import { fixedSerials } from '../fakes/grant.ts'
import { createCrl } from '../pki/createCrl.ts'
import { writeCertificateFile, writeProxyFile } from '../pki/credentialFiles.ts'
import { extension } from '../pki/extensions.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueEec } from '../pki/issueEec.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { newKey, storedRsaKey } from '../pki/keys.ts'
import { writeLscFile } from '../pki/vomsFiles.ts'
import { NOW, runInProcess } from './runInProcess.ts'
import { DECADES, issueHost, makeSite, type Site } from './siteFolder.ts'

const DAY = { from: '2026-06-01T00:00:00Z', until: '2026-06-02T00:00:00Z' }

let site: Site
let user: Credential
let host: Credential
let ac: Uint8Array

beforeAll(async () => {
  site = makeSite()
  user = issueEec(site.ca, {
    subject: '/C=IT/O=G/CN=u',
    key: storedRsaKey(2048, 2),
    serial: 0x1003,
    ...DECADES,
  })
  host = issueHost(site.ca, storedRsaKey(2048))
  writeLscFile(site.path('vomsdir'), 'vo.0', 'voms.example.org', [
    '/C=IT/O=G/CN=voms.example.org',
    '/C=IT/O=G/CN=CA',
  ])
  ac = await makeAc({})
})
afterAll(() => {
  site.remove()
  rmSync(signingKey!.folder, { recursive: true })
})

let signingKey: ReturnType<typeof signingKeyFile> | undefined

function makeAc(overrides: Partial<Grant>): Promise<Uint8Array> {
  const profile = createProfile(profileConfig(host, { uri: 'voms.example.org:15000' }))
  const grant: Grant = {
    holder: { subject: user.subject, issuer: site.ca.subject, serial: user.serial },
    fqans: ['/vo.0/Role=NULL/Capability=NULL', '/vo.0/G1/Role=R1/Capability=NULL'],
    attributes: [{ name: 'nick', value: 'newland', qualifier: 'vo.0' }],
    targets: ['a.example'],
    lifetimeSeconds: 43_200,
    ...overrides,
  }
  signingKey ??= signingKeyFile(host)
  const signer = createInlineSigner(signingKey)
  const deps = { clock: { now: () => NOW }, serials: fixedSerials, signer, beforeSign: () => undefined }
  const request = { id: 'r-1', vo: 'vo.0', protocol: 'rest', address: '127.0.0.1' } as const
  return issue(grant, profile, request, deps).then(issued => issued.ac)
}

function proxyWith(acs: readonly Uint8Array[], options: Partial<Parameters<typeof issueProxy>[1]> = {}) {
  const more = acs.length === 0 ? [] : [extension(OID_AC_SEQUENCE, false, encodeAcExtension(acs))]
  return issueProxy(user, { ...DAY, cn: '1', key: storedRsaKey(2048, 3), more, ...options })
}

function inspect(name: string, ...options: string[]) {
  const folders = ['--vomsdir', site.path('vomsdir'), '--certdir', site.path('certificates')]
  return runInProcess('inspect', site.path(name), ...folders, ...options)
}

interface Report {
  kind: string
  ok: boolean
  verdicts: { check: string; vouchd: string; pkijs: string; remark: string }[]
}
async function report(name: string): Promise<Report & Record<string, unknown>> {
  return JSON.parse((await inspect(name, '--json')).out)
}

describe('vouchd inspect of a proxy', () => {
  it('shows it the way proxy tools do, with the verdicts of both readers', async () => {
    writeProxyFile(site.path('x509up'), proxyWith([ac]), [user])
    const { code, out, err } = await inspect('x509up')
    expect(out).toBe(`subject   : /C=IT/O=G/CN=u/CN=1
issuer    : /C=IT/O=G/CN=u
identity  : /C=IT/O=G/CN=u
type      : RFC3820 compliant impersonation proxy
strength  : RSA 2048
path      : ${site.path('x509up')}
timeleft  : 12:00:00
key usage : Digital Signature, Key Encipherment
=== VO vo.0 extension information ===
VO        : vo.0
subject   : /C=IT/O=G/CN=u
issuer    : /C=IT/O=G/CN=voms.example.org
attribute : /vo.0/Role=NULL/Capability=NULL
attribute : /vo.0/G1/Role=R1/Capability=NULL
attribute : nick = newland (vo.0)
target    : a.example
timeleft  : 12:00:00
uri       : voms.example.org:15000

verdicts          vouchd  pkijs
dates             good    -      /C=IT/O=G/CN=u/CN=1
signature         good    good   /C=IT/O=G/CN=u/CN=1
dates             good    -      /C=IT/O=G/CN=u
signature         -       -      /C=IT/O=G/CN=u: its issuer is not in the file
private key       good    -      belongs to the first certificate
path              good    -      by the CAs in ${site.path('certificates')}
AC structure      good    good
AC signature      good    good
AC profile        good    -
AC issuer in LSC  good    -      vo.0/voms.example.org.lsc
AC issuer path    good    -      by the CAs in ${site.path('certificates')}
`)
    expect([code, err]).toEqual([0, ''])
  })

  it('gives the same to programs', async () => {
    writeProxyFile(site.path('x509up'), proxyWith([ac]), [user])
    const { kind, ok, certificates, acs, privateKey } = await report('x509up')
    expect({ kind, ok, privateKey }).toEqual({ kind: 'proxy', ok: true, privateKey: true })
    expect(certificates).toMatchObject([
      { kind: 'rfc', subject: '/C=IT/O=G/CN=u/CN=1' },
      { kind: 'eec', serial: '1003', key: 'RSA 2048', notAfter: '2046-01-01T00:00:00Z' },
    ])
    expect(acs).toMatchObject([{ vo: 'vo.0', holderSerial: '1003', targets: ['a.example'] }])
  })

  const rows: [string, () => void | Promise<void>, { check: string; vouchd: string; remark: string }][] = [
    [
      'an expired proxy',
      () => {
        const old = proxyWith([], { from: '2026-05-01T00:00:00Z', until: '2026-05-02T00:00:00Z' })
        writeProxyFile(site.path('x509up'), old, [user])
      },
      { check: 'dates', vouchd: 'bad', remark: '/C=IT/O=G/CN=u/CN=1: expired at 2026-05-02T00:00:00Z' },
    ],
    [
      'a forged proxy',
      () => writeProxyFile(site.path('x509up'), proxyWith([], { signer: newKey('p256') }), [user]),
      { check: 'signature', vouchd: 'bad', remark: '/C=IT/O=G/CN=u/CN=1' },
    ],
    [
      "another's key",
      () => writeProxyFile(site.path('x509up'), { ...proxyWith([]), key: newKey('p256') }, [user]),
      { check: 'private key', vouchd: 'bad', remark: 'is that of another certificate' },
    ],
    [
      'a chain of an unknown CA',
      () => writeProxyFile(site.path('x509up'), proxyWith([]), []),
      { check: 'path', vouchd: 'bad', remark: '(PROXY_ISSUER_NOT_FOUND)' },
    ],
    [
      'an AC of another holder',
      async () => {
        const other = await makeAc({
          holder: { subject: host.subject, issuer: site.ca.subject, serial: user.serial },
        })
        writeProxyFile(site.path('x509up'), proxyWith([other]), [user])
      },
      { check: 'AC profile', vouchd: 'bad', remark: 'names another holder (AC_WRONG_HOLDER)' },
    ],
    [
      'an AC whose signature was tampered with',
      () => {
        const forged = Uint8Array.from(ac)
        forged[forged.length - 1]! ^= 1
        writeProxyFile(site.path('x509up'), proxyWith([forged]), [user])
      },
      { check: 'AC signature', vouchd: 'bad', remark: '' },
    ],
    [
      'an AC extension of nonsense',
      () => {
        const more = [extension(OID_AC_SEQUENCE, false, Uint8Array.of(5, 0))]
        writeProxyFile(site.path('x509up'), proxyWith([], { more }), [user])
      },
      { check: 'AC', vouchd: 'bad', remark: '(AC_DER)' },
    ],
  ]
  it.each(rows)('judges %s', async (_name, prepare, expected) => {
    await prepare()
    const { ok, verdicts } = await report('x509up')
    const found = verdicts.filter(
      one =>
        one.check === expected.check &&
        one.vouchd === expected.vouchd &&
        one.remark.includes(expected.remark),
    )
    expect(found, JSON.stringify(verdicts, undefined, 1)).toHaveLength(1)
    expect(ok).toBe(false)
    expect((await inspect('x509up')).code).toBe(1)
  })

  it('says so when the independent reader finds a signature bad', async () => {
    const forged = Uint8Array.from(ac)
    forged[forged.length - 1]! ^= 1
    writeProxyFile(site.path('x509up'), proxyWith([forged]), [user])
    const { verdicts } = await report('x509up')
    expect(verdicts.find(({ check }) => check === 'AC signature')).toMatchObject({
      vouchd: 'bad',
      pkijs: 'bad',
    })
  })

  it('judges nothing by folders that are not there', async () => {
    writeProxyFile(site.path('x509up'), proxyWith([ac]), [user])
    const { code, out } = await runInProcess(
      'inspect',
      site.path('x509up'),
      '--vomsdir',
      site.path('none'),
      '--certdir',
      site.path('none'),
    )
    expect(out).toContain('AC issuer in LSC  -       -      there is no vo.0/voms.example.org.lsc')
    expect(out).toContain(`path              -       -      there is no CA in ${site.path('none')}`)
    expect(code).toBe(0)
  })
})

describe('vouchd inspect of an AC', () => {
  const forms: [string, () => string | Uint8Array, string][] = [
    ['DER', () => ac, 'ac'],
    ['PEM', () => encodePem('ATTRIBUTE CERTIFICATE', ac), 'ac'],
    ['base64 in one line', () => Buffer.from(ac).toString('base64'), 'ac'],
    [
      'base64 in lines',
      () =>
        `${Buffer.from(ac)
          .toString('base64')
          .match(/.{1,64}/g)!
          .join('\n')}\n`,
      'ac',
    ],
    [
      'a REST answer',
      () => formatRestAnswer({ ac, list: undefined, warnings: [], error: undefined }),
      'answer',
    ],
    [
      'a REST answer with its header',
      () =>
        Buffer.concat([
          Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n'),
          formatRestAnswer({ ac, list: undefined, warnings: [], error: undefined }),
        ]),
      'answer',
    ],
    [
      'a legacy answer in base64',
      () => formatLegacyAnswer({ ac, list: undefined, warnings: [], error: undefined }, true),
      'answer',
    ],
    [
      'a legacy answer in the older code',
      () => formatLegacyAnswer({ ac, list: undefined, warnings: [], error: undefined }, false),
      'answer',
    ],
  ]
  it.each(forms)('takes %s', async (_name, content, kind) => {
    writeFileSync(site.path('file'), content())
    const read = await report('file')
    expect([read.kind, read.ok]).toEqual([kind, true])
    expect(read['ac']).toMatchObject({ vo: 'vo.0', serial: expect.stringMatching(/^00f0/) })
  })

  it('shows the error of an answer', async () => {
    const error = { code: 'NoSuchUser', number: 1001, message: 'vo.0: User \x1b[31munknown' } as const
    writeFileSync(
      site.path('file'),
      formatLegacyAnswer({ ac: undefined, list: undefined, warnings: [], error }, true),
    )
    const { code, out } = await inspect('file')
    expect(code).toBe(1)
    expect(out).toContain('User')
    expect(out).not.toContain('\x1b')
  })
})

describe('vouchd inspect of other files', () => {
  it('shows certificates', async () => {
    writeCertificateFile(site.path('file'), host, [site.ca])
    const { code, out } = await inspect('file')
    expect(out).toContain('subject   : /C=IT/O=G/CN=voms.example.org\nissuer    : /C=IT/O=G/CN=CA\n')
    expect(out).toContain('type      : CA certificate')
    expect(out).toMatch(/^signature +good +good +\/C=IT\/O=G\/CN=voms.example.org$/m)
    expect(code).toBe(0)
  })

  it('shows a CRL, and that it has expired', async () => {
    const dates = { thisUpdate: '2026-04-01T00:00:00Z', nextUpdate: '2026-05-01T00:00:00Z' }
    writeFileSync(site.path('file'), createCrl(site.ca, { ...dates, number: 7, revoked: [user, host] }).der)
    const { code, out } = await inspect('file')
    expect(out).toBe(`issuer    : /C=IT/O=G/CN=CA
this      : 2026-04-01T00:00:00Z
next      : 2026-05-01T00:00:00Z
timeleft  : 0:00:00
number    : 7
entries   : 2

verdicts   vouchd  pkijs
structure  good    good
dates      bad     -      expired at 2026-05-01T00:00:00Z
usable     good    -
`)
    expect(code).toBe(1)
  })

  it('shows an LSC file', async () => {
    writeFileSync(site.path('file'), '/C=IT/CN=a\n/C=IT/CN=CA\n------ NEXT CHAIN ------\n/CN=b\n/CN=c\n')
    const { code, out } = await inspect('file')
    expect(out).toBe(
      'chain 1\n  subject : /C=IT/CN=a\n  issuer  : /C=IT/CN=CA\nchain 2\n  subject : /CN=b\n  issuer  : /CN=c\n',
    )
    expect(code).toBe(0)
  })

  it('shows a vomses file and its bad lines', async () => {
    writeFileSync(site.path('file'), '"vo" "h" "15000" "/CN=h" "vo.0"\n"bad"\n')
    const { code, out } = await inspect('file')
    expect(out).toBe(`NICK  VO    HOST  PORT   SERVER
vo    vo.0  h     15000  /CN=h

verdicts  vouchd  pkijs
line      bad     -      line 2: 1 fields instead of 5 or 6
`)
    expect(code).toBe(1)
  })

  it.each<[string, () => void, string]>([
    ['a missing file', () => {}, 'does not exist; check its name'],
    ['a folder', () => mkdirSync(site.path('folder')), 'is a folder; name a file in it'],
    ['an empty file', () => write(''), 'cannot be understood: the file is empty'],
    ['text of nothing known', () => write('hello\x1b[31m\n'), 'cannot be understood: neither PEM, DER'],
    ['DER cut short', () => write(user.der.subarray(0, 300)), 'cannot be understood: DER, but neither'],
    ['PEM cut short', () => write(user.pem.slice(0, 300)), 'has no end (PEM_UNTERMINATED)'],
    [
      'a key alone',
      () => write('-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n'),
      'a private key alone',
    ],
    ['PKCS#12', () => write(Uint8Array.of(0x30, 5, 2, 1, 3, 5, 0)), 'PKCS#12: take it apart with openssl'],
    ['XML that is no answer', () => write('<html></html>'), 'not a VOMS answer: html (ANSWER_UNKNOWN)'],
  ])('explains %s', async (name, prepare, message) => {
    prepare()
    const file = name === 'a missing file' ? 'none' : name === 'a folder' ? 'folder' : 'file'
    const { code, out, err } = await inspect(file)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(`vouchd: ${site.path(file)} `)
    expect(err).toContain(message)
    expect(err.slice(0, -1)).not.toMatch(/[\x00-\x1f]/)
  })

  function write(content: string | Uint8Array): void {
    writeFileSync(site.path('file'), content)
  }

  it('shows a certificate with control characters in its name, escaped', async () => {
    const evil = issueEec(site.ca, { subject: [{ type: 'CN', value: 'a\x1b[2J\r\nb' }], ...DECADES })
    writeCertificateFile(site.path('file'), evil)
    for (const options of [[], ['--json']]) {
      const { out } = await inspect('file', ...options)
      expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
      expect(out).toContain('x1B[2J')
    }
  })

  it('gets on with every beginning of a proxy file', async () => {
    const whole = Buffer.from(proxyWith([ac]).der)
    for (let length = 1; length < whole.length; length += 37) {
      write(whole.subarray(0, length))
      expect((await inspect('file')).code, `${length} octets`).toBe(1)
    }
  })
})
