import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CliIo } from '../../src/cli/context.ts'
import { hintFor } from '../../src/cli/proxyInit/obtainAc.ts'
import { ServerRefusal } from '../../src/client/requestAc.ts'
import { type Daemon, startDaemon, userNamed } from '../e2e/daemon.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import { acsOfProxyFile } from '../interop/proxyFile.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import { writeLscFile, writeVomsesFile } from '../pki/vomsFiles.ts'
import { type CliRun, NOW, runWith } from './runInProcess.ts'

let daemon: Daemon
const path = (name: string) => join(daemon.folder, name)
const out = () => path('proxy.pem')

beforeAll(async () => {
  daemon = await startDaemon()
  daemon.clock.now = NOW
  for (const name of ['test0', 'test1', 'test2', 'stranger']) {
    const user = userNamed(name)
    writeCertificateFile(path(`${name}.pem`), user)
    writeKeyFile(path(`${name}.key`), user)
  }
  const dn = '/C=IT/O=Test/CN=voms.example.org'
  const entry = { alias: 'nick', host: '127.0.0.1', port: daemon.port(), dn, vo: 'vo.0' }
  writeVomsesFile(path('vomses'), [entry])
  writeVomsesFile(path('vomses.other'), [{ ...entry, vo: 'vo.1' }])
})
afterAll(() => daemon?.stop())
beforeEach(() => {
  if (existsSync(out())) writeFileSync(out(), '')
})

/** The environment of a user who has everything where it usually is; the host's certificate has another name. */
const place = (name: string): Partial<CliIo> => ({
  user: {
    home: daemon.folder,
    uid: 4711,
    env: {
      X509_USER_CERT: path(`${name}.pem`),
      X509_USER_KEY: path(`${name}.key`),
      X509_USER_PROXY: out(),
      X509_CERT_DIR: path('certificates'),
      X509_VOMS_DIR: path('vomsdir'),
      X509_VOMSES: path('vomses'),
    },
  },
})
const init = (name: string, ...args: string[]): Promise<CliRun> =>
  runWith(place(name), 'proxy-init', '-skip-hostname-checks', '-key-type', 'ec', ...args)
const info = (...args: string[]): Promise<CliRun> => runWith(place('test0'), 'proxy-info', ...args)

const written = async () => (await acsOfProxyFile(out())).map(readAcIndependently)
const fqansOf = async () => {
  const [ac] = await Promise.all(await written())
  return ac?.fqans.map(fqan => fqan.replace('/Role=NULL', '').replace('/Capability=NULL', ''))
}

describe('proxy-init', () => {
  it.each([
    [
      ['-voms', 'nick'],
      ['/vo.0', '/vo.0/G1', '/vo.0/G2'],
    ],
    [
      ['-voms', 'vo.0'],
      ['/vo.0', '/vo.0/G1', '/vo.0/G2'],
    ],
    [
      ['-voms', 'nick:/vo.0/G2'],
      ['/vo.0/G2', '/vo.0', '/vo.0/G1'],
    ],
    [
      ['-voms', 'nick:/vo.0/G1/Role=R1'],
      ['/vo.0/G1/Role=R1', '/vo.0', '/vo.0/G1', '/vo.0/G2'],
    ],
    [
      ['-voms', 'nick:/Role=R1'],
      ['/vo.0/G1/Role=R1', '/vo.0', '/vo.0/G1', '/vo.0/G2'],
    ],
    [
      ['-voms', 'nick:all'],
      ['/vo.0', '/vo.0/G1', '/vo.0/G1/Role=R1', '/vo.0/G2'],
    ],
    [
      ['-voms', 'nick:/vo.0/G2', '-voms', 'nick:/vo.0/G1/Role=R1'],
      ['/vo.0/G2', '/vo.0/G1/Role=R1', '/vo.0', '/vo.0/G1'],
    ],
    [
      ['-voms', 'nick', '-order', '/vo.0/G2'],
      ['/vo.0/G2', '/vo.0', '/vo.0/G1'],
    ],
    [
      ['-voms', 'nick', '-protocol', 'legacy'],
      ['/vo.0', '/vo.0/G1', '/vo.0/G2'],
    ],
    [
      ['-voms', 'nick:/vo.0/G1/Role=R1', '-protocol', 'legacy'],
      ['/vo.0/G1/Role=R1', '/vo.0', '/vo.0/G1', '/vo.0/G2'],
    ],
  ])('%j', async (args, fqans) => {
    const run = await init('test0', ...args)
    expect(run.err).toContain('Your identity: /C=IT/O=Test/CN=test0\nContacting 127.0.0.1:')
    expect(run).toMatchObject({ code: 0, out: expect.stringContaining(`Created proxy in ${out()}.`) })
    expect(await fqansOf()).toEqual(fqans)
    expect(statSync(out()).mode & 0o777).toBe(0o600)
    expect(await info('-all')).toMatchObject({ code: 0, err: '' })
  })

  it('makes a proxy without any VO, and asks nobody', async () => {
    const run = await init('test0')
    expect(run).toMatchObject({ code: 0, err: 'Your identity: /C=IT/O=Test/CN=test0\n' })
    expect(await written()).toEqual([])
  })

  it('passes lifetimes, targets and kinds on', async () => {
    const args = [
      '-valid',
      '2:30',
      '-vomslife',
      '1:00',
      '-target',
      'a.example',
      '-targets',
      'b.example,c.example',
    ]
    expect(await init('test0', '-voms', 'nick', '-limited', ...args)).toMatchObject({ code: 0 })
    const [ac] = await Promise.all(await written())
    expect(ac!.notAfter.getTime() / 1000).toBe(NOW + 3600)
    expect(ac!.targets).toEqual(['a.example', 'b.example', 'c.example'])
    expect((await info('-timeleft', '-type')).out).toBe('RFC3820 compliant limited proxy\n9000\n')
  })

  it('prints JSON alone', async () => {
    const run = await init('test0', '-voms', 'nick', '-json', '-quiet')
    expect(run.err).toBe('')
    expect(JSON.parse(run.out)).toMatchObject({
      file: out(),
      issuer: '/C=IT/O=Test/CN=test0',
      notAfter: '2026-06-02T00:00:00Z',
      acs: [{ vo: 'vo.0', server: `127.0.0.1:${daemon.port()}`, warnings: [] }],
    })
  })

  it('lists what could be asked for, and writes nothing', async () => {
    const run = await init('test0', '-voms', 'nick', '-list', '-quiet')
    expect(run.out.split('\n')).toContain('/vo.0/G1/Role=R1/Capability=NULL')
    expect(readFileSync(out(), 'utf8')).toBe('')
    expect(JSON.parse((await init('test0', '-voms', 'nick', '-list', '-json')).out)).toMatchObject([
      { vo: 'vo.0' },
    ])
  })

  it('signs with the proxy that is there', async () => {
    await init('test0', '-voms', 'nick')
    expect(await init('test0', '-noregen', '-voms', 'nick:/vo.0/G1')).toMatchObject({ code: 0 })
    expect(await fqansOf()).toEqual(['/vo.0/G1', '/vo.0', '/vo.0/G2'])
    expect((await info('-subject')).out).toMatch(/^\/C=IT\/O=Test\/CN=test0\/CN=\d+\/CN=\d+\n$/)
  })

  it('warns, and with -failonwarn writes nothing', async () => {
    const long = ['-voms', 'nick', '-valid', '48:00']
    const run = await init('test0', ...long)
    expect(run).toMatchObject({
      code: 0,
      err: expect.stringMatching(/Warning: 127.*shortened to 86400 seconds!/),
    })
    expect((await init('test0', ...long, '-ignorewarn')).err).not.toMatch(/shortened/)
    writeFileSync(out(), '')
    expect(await init('test0', ...long, '-failonwarn')).toMatchObject({ code: 1 })
    expect(readFileSync(out(), 'utf8')).toBe('')
  })

  it.each<[string, string, string[], number, RegExp]>([
    [
      'a stranger',
      'stranger',
      ['-voms', 'nick'],
      1,
      /no AC of VO vo\.0: 127.*: vo\.0: User unknown to this VO\..*is this the certificate that you registered/,
    ],
    [
      'a suspended member',
      'test2',
      ['-voms', 'nick'],
      1,
      /User is currently suspended! Suspension reason: left the experiment/,
    ],
    [
      'a role that is not held',
      'test0',
      ['-voms', 'nick:/vo.0/Role=no'],
      1,
      /Unable to satisfy B\/vo\.0:no request!.*FQANs begin with \/vo\.0; --list shows/,
    ],
    [
      'a VO without a server',
      'test0',
      ['-voms', 'nowhere'],
      1,
      /no server of VO nowhere is known: it is not in .*; known are nick/,
    ],
    [
      'a server of another VO',
      'test0',
      ['-voms', 'nick', '-vomses', '@vomses.other'],
      1,
      /Unable to satisfy|one of VO vo\.0 instead of vo\.1/,
    ],
    [
      'an unknown form',
      'test0',
      ['-voms', 'nick:Role=R1'],
      1,
      /--voms nick:Role=R1 is not understood; write --voms nick:\/Role=R1/,
    ],
    [
      'a lifetime that is none',
      'test0',
      ['-valid', 'long'],
      2,
      /--valid: long is no lifetime; write hours and minutes like 12:00/,
    ],
    ['a key that is too short', 'test0', ['-key-type', 'rsa', '-bits', '1024'], 2, /fewer than 2048 bits/],
    ['an old kind of proxy', 'test0', ['-old'], 2, /of the old kinds are accepted by hardly any service/],
    ['a list without a VO', 'test0', ['-list'], 2, /--list needs a VO/],
    ['a certificate that is not there', 'nobody', [], 1, /nobody\.pem does not exist/],
  ])('tells %s what is wrong, and writes nothing', async (_name, user, args, code, message) => {
    const run = await init(user, ...args.map(arg => (arg.startsWith('@') ? path(arg.slice(1)) : arg)))
    expect(run).toMatchObject({ code, err: expect.stringMatching(message) })
    expect(readFileSync(out(), 'utf8')).toBe('')
  })

  it('does not send who asked for the list to the list', () => {
    const message = 'vo.0: Unable to satisfy A request!'
    const error = new ServerRefusal({
      ac: undefined,
      list: undefined,
      warnings: [],
      errors: [{ code: 'BadRequest', number: 1001, message }],
    })
    const hint = hintFor({ server: { host: '127.0.0.1', port: 1 }, protocol: 'rest', error }, 'vo.0')
    expect(hint).toMatch(/does not give everything at once: --voms vo\.0 brings your groups/)
    expect(hint).not.toContain('--list')
  })

  it('does not take the certificate of another host, nor an AC that would not be believed', async () => {
    const strict = await runWith(place('test0'), 'proxy-init', '-voms', 'nick')
    expect(strict).toMatchObject({
      code: 1,
      err: expect.stringMatching(/for another host: .*CN=voms\.example\.org/),
    })
    writeLscFile(path('elsewhere'), 'vo.0', 'voms.example.org', ['/CN=a', '/CN=b'])
    const run = await init('test0', '-voms', 'nick', '-vomsdir', path('elsewhere'))
    expect(run).toMatchObject({
      code: 1,
      err: expect.stringMatching(/would not be believed: .*somebody else.*--dont-verify-ac/),
    })
    expect(readFileSync(out(), 'utf8')).toBe('')
    const blind = await init('test0', '-voms', 'nick', '-vomsdir', path('elsewhere'), '-dont_verify_ac')
    expect(blind.code).toBe(0)
  })

  it('verifies its own certificate first, when told', async () => {
    expect(await init('test0', '-verify')).toMatchObject({ code: 0 })
    const run = await init('test0', '-verify', '-certdir', path('nowhere'))
    expect(run).toMatchObject({
      code: 1,
      err: expect.stringMatching(/services would not accept your certificate/),
    })
  })
})

describe('proxy-info', () => {
  beforeEach(async () => {
    await init('test0', '-voms', 'nick:/vo.0/G1/Role=R1')
  })

  it('prints single things in one order, a line each', async () => {
    const { code, out: text } = await info(
      '-fqan',
      '-vo',
      '-identity',
      '-actimeleft',
      '-uri',
      '-path',
      '-strength',
    )
    expect(code).toBe(0)
    expect(text.split('\n')).toEqual([
      '/C=IT/O=Test/CN=test0',
      '256',
      out(),
      'vo.0',
      '/vo.0/G1/Role=R1/Capability=NULL',
      '/vo.0/Role=NULL/Capability=NULL',
      '/vo.0/G1/Role=NULL/Capability=NULL',
      '/vo.0/G2/Role=NULL/Capability=NULL',
      '43200',
      'voms.example.org:15000',
      '',
    ])
  })

  it('shows the proxy alone, with its ACs, with its chain', async () => {
    expect((await info()).out).toMatch(
      /^subject {3}: .*\ntimeleft {2}: 12:00:00\nkey usage : Digital Signature\n$/s,
    )
    expect((await info('-all')).out).toContain('=== VO vo.0 extension information ===')
    expect((await info('-chain')).out).toContain('=== chain ===\nsubject   : /C=IT/O=Test/CN=test0\n')
    expect(JSON.parse((await info('-json')).out)).toMatchObject({ ok: true, timeleft: 43_200, strength: 256 })
  })

  it.each([
    [['-exists'], 0, ''],
    [['-exists', '-valid', '11:00'], 0, ''],
    [['-exists', '-valid', '13:00'], 1, /good for 43200 seconds, less than 46800/],
    [['-exists', '-hours', '13'], 1, /less than/],
    [['-exists', '-bits', '256'], 0, ''],
    [['-exists', '-bits', '2048'], 1, /has 256 bits, less than 2048/],
    [['-acexists', 'vo.0'], 0, ''],
    [['-acexists', 'vo.0', '-acexists', 'vo.1'], 1, /no AC of VO vo\.1/],
    [['-exists', '-file', '/nonexistent'], 1, /there is no proxy: \/nonexistent does not exist/],
    [['-valid', '1:00'], 2, /belong to --exists/],
  ])('%j exits with %i', async (args, code, message) => {
    expect(await info(...args)).toMatchObject({ code, out: '', err: expect.stringMatching(message) })
  })

  it('exits with 0 for a proxy that has ended, and warns', async () => {
    const later = { ...place('test0'), clock: { now: () => NOW + 50_000 } }
    const run = await runWith(later, 'proxy-info', '-timeleft')
    expect(run).toMatchObject({
      code: 0,
      out: '0\n',
      err: expect.stringMatching(
        /WARNING: the proxy has expired.*\nWARNING: VO vo\.0: the AC has no time left/,
      ),
    })
    expect((await runWith(later, 'proxy-info', '-exists')).code).toBe(1)
  })

  it('exits with 1 for what does not verify', async () => {
    const unlisted = await info('-vomsdir', path('nowhere'))
    expect(unlisted).toMatchObject({
      code: 1,
      err: expect.stringMatching(/there is no .*vo\.0\/voms\.example\.org\.lsc/),
    })
    expect(await info('-vomsdir', path('nowhere'), '-dont-verify-ac')).toMatchObject({ code: 0, err: '' })
    const text = readFileSync(out(), 'utf8')
    const [proxy] = /-----BEGIN CERT[^-]*-----[^-]*-----END CERTIFICATE-----\n/.exec(text)!
    writeFileSync(out(), proxy!)
    expect(await info()).toMatchObject({ code: 1, err: expect.stringMatching(/PROXY_ISSUER_NOT_FOUND/) })
  })

  it('warns of a file that others may read', async () => {
    chmodSync(out(), 0o644)
    expect(await info()).toMatchObject({
      code: 1,
      err: expect.stringMatching(/may be used by others \(mode 0644\); chmod 0600/),
    })
    chmodSync(out(), 0o600)
  })

  it('takes no other certificates for a proxy', async () => {
    expect(await info('-file', path('test0.pem'))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/holds no proxy/),
    })
  })
})
