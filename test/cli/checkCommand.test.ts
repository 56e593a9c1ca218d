import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/openStore.ts'
import { createCa } from '../pki/createCa.ts'
import { createCrl } from '../pki/createCrl.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import { newKey, privateKeyPem, storedRsaKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeCrl, writeTrustDirectory } from '../pki/trustDirectory.ts'
import { writeLscFile } from '../pki/vomsFiles.ts'
import { runInProcess } from './runInProcess.ts'
import { DECADES, issueHost, makeSite, type Site } from './siteFolder.ts'

let site: Site
beforeEach(() => {
  site = makeSite()
  writeLscFile(site.path('vomsdir'), 'vo.0', 'voms.example.org', [
    '/C=IT/O=G/CN=voms.example.org',
    '/C=IT/O=G/CN=CA',
  ])
})
afterEach(() => site.remove())

/** Replaces the host credential. */
function install(options: Parameters<typeof issueHost>[2], key = storedRsaKey(2048)): void {
  const host = issueHost(site.ca, key, options)
  for (const name of ['host.pem', 'host.key']) rmSync(site.path(name), { force: true })
  writeCertificateFile(site.path('host.pem'), host)
  writeKeyFile(site.path('host.key'), host)
}

interface Finding {
  area: string
  level: string
  place: string
  what: string
  advice: string
}
async function check(): Promise<{ code: number; ok: boolean; findings: Finding[] }> {
  const { code, out } = await runInProcess('check', '--config', site.config, '--json')
  const { ok, areas } = JSON.parse(out) as { ok: boolean; areas: { findings: Finding[] }[] }
  return { code, ok, findings: areas.flatMap(area => area.findings) }
}

describe('vouchd check', () => {
  it('finds no error in a good set-up, and says what it looked at', async () => {
    const { code, out, err } = await runInProcess('check', '--config', site.config)
    expect(out).toBe(`configuration  ok  (${site.config}, 1 VO)
credentials    ok  (1 certificate)
trust          ok  (${site.path('certificates')}, 1 CA, 0 CRLs)
vomsdir        ok  (${site.path('vomsdir')})
database       ok, with warnings  (embedded, ${site.path('database')})
  note    store.folder ${site.path('database')} does not exist yet
          -> nothing: vouchd serve makes it
  warning vo[0].name vo.0 has to be made or imported before anybody gets an AC of it
          -> vouchd --config ${site.config} migrate, then vouchd --config ${site.config} vo add vo.0, or vouchd --config ${site.config} import voms-admin FILE --vo vo.0 (iam instead of voms-admin for INDIGO IAM's)
audit          ok  (${site.path('audit')})
ports          ok  (1 address)

0 errors, 1 warning
`)
    expect([code, err]).toEqual([0, ''])
  })

  const rows: [string, () => void, Partial<Finding>][] = [
    [
      'a key that others may read',
      () => chmodSync(site.path('host.key'), 0o644),
      { level: 'error', what: 'may be read by others than its owner (mode 0644)' },
    ],
    [
      'a key of another certificate',
      () => {
        unlinkSync(site.path('host.key'))
        writeKeyFile(site.path('host.key'), { key: storedRsaKey(2048, 1) })
      },
      { level: 'error', what: `is not the key of` },
    ],
    [
      'a missing key',
      () => unlinkSync(site.path('host.key')),
      {
        level: 'error',
        what: 'does not exist',
        advice: 'check its name; vo[0].hostCredentials[0].key names it',
      },
    ],
    [
      'a missing certificate of the AC issuer',
      () => site.configure('', 'acCredential = { certificate = "none.pem", key = "host.key" }'),
      { level: 'error', what: 'does not exist', advice: 'vo[0].acCredential.certificate names it' },
    ],
    [
      'a key behind a passphrase',
      () => {
        const pem = storedRsaKey(2048).privateKey.export({
          type: 'pkcs8',
          format: 'pem',
          cipher: 'aes-256-cbc',
          passphrase: 'secret',
        })
        unlinkSync(site.path('host.key'))
        writeFileSync(site.path('host.key'), pem, { mode: 0o400 })
      },
      { level: 'error', what: 'is protected by a passphrase' },
    ],
    [
      'a certificate that is a folder',
      () => {
        unlinkSync(site.path('host.pem'))
        mkdirSync(site.path('host.pem'))
      },
      { level: 'error', what: 'is a folder' },
    ],
    [
      'a certificate cut short',
      () => writeFileSync(site.path('host.pem'), '-----BEGIN CERTIFICATE-----\nMIIB\n'),
      { level: 'error', what: 'cannot be understood: block of line 1 has no end' },
    ],
    [
      'an expired certificate',
      () => install({ until: '2026-05-01T00:00:00Z' }),
      { level: 'error', what: 'expired on 2026-05-01 00:00:00 UTC' },
    ],
    [
      'a certificate that will expire soon',
      () => install({ until: '2026-06-10T00:00:00Z' }),
      { level: 'warning', what: 'expires on 2026-06-10 00:00:00 UTC' },
    ],
    [
      'a certificate of the future',
      () => install({ from: '2026-07-01T00:00:00Z' }),
      { level: 'error', what: 'is not valid before 2026-07-01 00:00:00 UTC' },
    ],
    [
      'an AC issuer with an EC key',
      () => install({}, newKey('p256')),
      {
        level: 'error',
        what: 'has an EC key, and Java clients and ARC reject ACs signed with one',
        advice: 'set allowEcAcKey',
      },
    ],
    [
      'an AC issuer with a short key',
      () => install({}, storedRsaKey(1024)),
      { level: 'error', what: 'has an RSA key of 1024 bits' },
    ],
    [
      'an AC issuer without subjectKeyIdentifier',
      () => install({ extensions: [] }),
      { level: 'error', what: 'has no SubjectKeyIdentifier, which clients compare with the AC' },
    ],
    [
      'a certificate for another host',
      () => install({ extensions: [] }),
      { level: 'warning', what: 'does not name voms.example.org (uri of vo.0) among its alternative names' },
    ],
    [
      'a certificate of an unknown CA',
      () => {
        const ca = createCa({ subject: '/C=IT/O=Elsewhere/CN=CA', ...DECADES })
        writeCertificateFile(site.path('host.pem'), issueHost(ca, storedRsaKey(2048)))
      },
      { area: 'credentials', level: 'error', what: 'its CA is not trusted here (UNKNOWN_CA)' },
    ],
    [
      'a revoked certificate',
      () => {
        const host = issueHost(site.ca, storedRsaKey(2048))
        const dates = { thisUpdate: '2026-05-31T00:00:00Z', nextUpdate: '2026-06-30T00:00:00Z' }
        const crl = createCrl(site.ca, { ...dates, number: 1, revoked: [host] })
        writeCrl(site.path('certificates'), site.ca, crl.pem)
      },
      { level: 'error', what: 'it was revoked by its CA (REVOKED)', advice: 'get a new certificate and key' },
    ],
    [
      'an expired CRL',
      () => {
        const dates = { thisUpdate: '2026-04-01T00:00:00Z', nextUpdate: '2026-05-01T00:00:00Z' }
        const crl = createCrl(site.ca, { ...dates, number: 1, revoked: [] })
        writeCrl(site.path('certificates'), site.ca, crl.pem)
      },
      { level: 'error', what: 'is out of date here (CRL_EXPIRED)', advice: 'mend the CRLs' },
    ],
    [
      'a trust directory that is not there',
      () => rmSync(site.path('certificates'), { recursive: true }),
      { area: 'trust', level: 'error', what: 'the trust directory cannot be read' },
    ],
    [
      'an LSC file that is not there',
      () => rmSync(site.path('vomsdir'), { recursive: true }),
      { area: 'vomsdir', level: 'warning', advice: 'lsc --vo vo.0 > ' },
    ],
    [
      'an LSC file of another certificate',
      () => writeLscFile(site.path('vomsdir'), 'vo.0', 'voms.example.org', ['/CN=a', '/CN=b']),
      { area: 'vomsdir', level: 'warning', what: 'does not name the certificate that signs ACs of vo.0' },
    ],
    [
      'an LSC file of nonsense',
      () => writeFileSync(site.path('vomsdir/vo.0/voms.example.org.lsc'), 'nonsense\n'),
      { area: 'vomsdir', level: 'error', what: 'cannot be understood: line 1: not a DN' },
    ],
    [
      'a database server that does not answer',
      () => site.configure('[store]\nkind = "postgres"\nhost = "127.0.0.1"\nport = 1\ntls = "off"\n'),
      { area: 'database', level: 'error', advice: 'check that the server runs and can be reached' },
    ],
    [
      'two host credentials with keys of one kind',
      () => {
        writeCertificateFile(site.path('b.pem'), issueHost(site.ca, storedRsaKey(2048, 1)))
        writeKeyFile(site.path('b.key'), { key: storedRsaKey(2048, 1) })
        const pair = (name: string) => `{ certificate = "${name}.pem", key = "${name}.key" }`
        site.configure(
          '',
          `hostCredentials = [ ${pair('host')}, ${pair('b')} ]\nacCredential = ${pair('host')}`,
        )
      },
      { level: 'error', what: 'has the same kind of key as' },
    ],
  ]
  it.each(rows)('finds %s', async (_name, spoil, expected) => {
    spoil()
    const { findings, ok, code } = await check()
    const found = findings.filter(finding =>
      Object.entries(expected).every(([key, text]) => finding[key as keyof Finding].includes(text)),
    )
    expect(found, JSON.stringify(findings, undefined, 1)).toHaveLength(1)
    expect(found[0]!.advice).not.toBe('')
    expect([ok, code]).toEqual(findings.some(({ level }) => level === 'error') ? [false, 1] : [true, 0])
  })

  it('advises a command that makes an LSC file where its folder is missing, from the same configuration', async () => {
    rmSync(site.path('vomsdir'), { recursive: true })
    const { findings } = await check()
    const folder = site.path('vomsdir/vo.0')
    expect(findings.find(({ area }) => area === 'vomsdir')?.advice).toBe(
      `mkdir -p ${folder} && vouchd --config ${site.config} lsc --vo vo.0 > ${folder}/voms.example.org.lsc`,
    )
  })

  it('warns of the expired CRL of a CA that this server needs not', async () => {
    const other = createCa({ subject: '/C=IT/O=Elsewhere/CN=CA', ...DECADES })
    const dates = { thisUpdate: '2026-04-01T00:00:00Z', nextUpdate: '2026-05-01T00:00:00Z' }
    writeTrustDirectory(site.path('certificates'), [
      {
        ca: other,
        alias: 'other',
        hashes: ['new'],
        signingPolicy: signingPolicyText('/C=IT/O=Elsewhere/CN=CA', ['/C=IT/O=Elsewhere/*']),
      },
    ])
    writeCrl(
      site.path('certificates'),
      other,
      createCrl(other, { ...dates, number: 1, revoked: [] }).pem,
      0,
      ['new'],
    )
    const { findings, ok, code } = await check()
    expect([ok, code]).toEqual([true, 0])
    expect(findings.filter(({ area }) => area === 'trust')).toMatchObject([
      {
        level: 'warning',
        place: expect.stringMatching(/\.r0$/),
        advice: expect.stringContaining('fetch-crl'),
      },
    ])
  })

  it.each([
    ['a folder that is missing', () => {}, /^its folder .*\/none does not exist: /, /^mkdir -p .*\/none/],
    ['a file', () => writeFileSync(site.path('none'), ''), /none is not a folder: /, /name another path/],
    ['a folder in a circle', () => symlinkSync('none', site.path('none')), /cannot be looked at/, /correct/],
  ])('warns of a control socket in %s', async (_name, make, what, advice) => {
    make()
    site.configure('[store]\nfolder = "database"\n[processes]\ncontrolSocket = "none/control.sock"')
    const { findings, ok } = await check()
    expect(ok).toBe(true)
    expect(findings).toContainEqual({
      area: 'configuration',
      level: 'warning',
      place: 'processes.controlSocket',
      what: expect.stringMatching(what),
      advice: expect.stringMatching(advice),
    })
  })

  it('advises to make a VO that the database does not know', async () => {
    await runInProcess('migrate', '--config', site.config)
    const { findings } = await check()
    expect(findings.filter(({ area }) => area === 'database')).toEqual([
      {
        area: 'database',
        level: 'warning',
        place: 'vo[0].name',
        what: 'vo.0 is not in the database: all its users are unknown',
        advice: expect.stringMatching(/^vouchd --config \S+ vo add vo\.0, or vouchd --config \S+ import /),
      },
    ])
    await runInProcess('vo', 'add', 'vo.0', '--config', site.config)
    expect((await check()).findings).toEqual([])
  })

  it('warns of a VO whose mirroring was given up, and not ended', async () => {
    await runInProcess('migrate', '--config', site.config)
    await runInProcess('vo', 'add', 'vo.0', '--config', site.config)
    const db = await openStore({ kind: 'embedded', folder: site.path('database') }, { mode: 'command' })
    await db.query(`update vouchd.vo set followed_from = 'mysql://voms@localhost/voms_vo'`)
    await db.close()
    const { findings, ok } = await check()
    expect(ok).toBe(true)
    expect(findings).toEqual([
      {
        area: 'database',
        level: 'warning',
        place: 'vo[0].name',
        what: expect.stringContaining('vo.0 is marked as followed from mysql://voms@localhost/voms_vo, and'),
        advice: expect.stringMatching(
          /^vouchd --config \S+ import end-follow --vo vo\.0 to administer it here/,
        ),
      },
    ])
    await runInProcess('import', 'end-follow', '--vo', 'vo.0', '--config', site.config)
    expect((await check()).findings).toEqual([])
  })

  it('finds a port that is in use', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    writeFileSync(
      site.config,
      `[store]\nfolder = "database"\n[trust]\ndirectory = "certificates"\nvomsdir = "vomsdir"\n[[vo]]\nname = "vo.0"\nlisten = ["127.0.0.1:${port}"]\nuri = "voms.example.org:1"\nhostCredentials = [ { certificate = "host.pem", key = "host.key" } ]\n`,
    )
    const { findings } = await check()
    await new Promise(resolve => server.close(resolve))
    expect(findings).toContainEqual({
      area: 'ports',
      level: 'warning',
      place: 'vo[0].listen[0]',
      what: `127.0.0.1:${port} is in use`,
      advice: `nothing, if it is vouchd, or a server that is stopped before vouchd takes its place; ss -ltnp 'sport = :${port}' tells`,
    })
  })

  it('warns of what keeps others from watching, which keeps nobody from being served', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    writeFileSync(
      site.config,
      readFileSync(site.config, 'utf8').replace(
        'listen = []',
        `listen = ["127.0.0.1:${port}"]\ncredential = { certificate = "none.pem", key = "host.key" }`,
      ),
    )
    const { findings, ok } = await check()
    await new Promise(resolve => server.close(resolve))
    expect(ok).toBe(true)
    expect(findings.filter(({ area }) => area !== 'database')).toMatchObject([
      { area: 'credentials', level: 'warning', place: site.path('none.pem'), what: 'does not exist' },
      { area: 'ports', level: 'warning', place: 'observe.listen[0]', what: `127.0.0.1:${port} is in use` },
    ])
  })

  it('tells of every fault at once', async () => {
    chmodSync(site.path('host.key'), 0o644)
    rmSync(site.path('certificates'), { recursive: true })
    site.configure(
      '[store]\nkind = "postgres"\nhost = "127.0.0.1"\nport = 1\ntls = "off"\n',
      'allowEcAcKey = true',
    )
    install({}, newKey('p256'))
    chmodSync(site.path('host.key'), 0o644)
    const { findings } = await check()
    expect(new Set(findings.map(({ area }) => area))).toEqual(new Set(['credentials', 'trust', 'database']))
  })

  it('exits with 3 on a faulty configuration', async () => {
    writeFileSync(site.config, '[[vo]]\nname = "vo.0"\n')
    const { code, err } = await runInProcess('check', '--config', site.config)
    expect(code).toBe(3)
    expect(err).toContain('vo[0].listen: is missing')
    expect(err).toContain('vo[0].uri: is missing')
  })

  it('escapes foreign text', async () => {
    writeFileSync(site.path('vomsdir/vo.0/voms.example.org.lsc'), '\x1b[31m\n')
    const { out } = await runInProcess('check', '--config', site.config)
    expect(out).not.toContain('\x1b')
  })

  it('does not hold the private key up to light', async () => {
    writeFileSync(site.path('host.pem'), privateKeyPem(storedRsaKey(2048)))
    const { out } = await runInProcess('check', '--config', site.config)
    expect(out).toContain('holds no PEM certificate')
    expect(out).not.toContain('MII')
  })
})
