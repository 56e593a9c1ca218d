import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { looksLikePkcs12 } from '../../src/client/readPkcs12.ts'
import { readUserCredential } from '../../src/client/readUserCredential.ts'
import { issueEec } from '../pki/issueEec.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { privateKeyPem, storedRsaKey } from '../pki/keys.ts'
import { ca, LONG } from './grid.ts'

const folder = mkdtempSync(join(tmpdir(), 'vouchd-credential-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = (name: string) => join(folder, name)
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

const user = issueEec(ca, { subject: '/C=IT/O=Test/CN=test0', key: storedRsaKey(2048, 1), ...LONG })
const file = (name: string, text: string, mode = 0o600) => {
  writeFileSync(path(name), text)
  chmodSync(path(name), mode)
}
const PASSPHRASE = 'correct horse'
const never = () => Promise.reject(new Error('no passphrase is needed'))
const right = () => Promise.resolve(PASSPHRASE)

beforeAll(() => {
  file('cert.pem', `Subject: somebody\n${user.pem}${ca.pem}`, 0o644)
  file('key.pem', privateKeyPem(user.key), 0o400)
  file('open.pem', privateKeyPem(user.key), 0o640)
  file('other.pem', privateKeyPem({ ...user.key, privateKey: storedRsaKey(2048, 2).privateKey }))
  file('both.pem', `${user.pem}${privateKeyPem(user.key)}`)
  const proxy = issueProxy(user, LONG)
  file('proxy.pem', `${proxy.pem}${privateKeyPem(proxy.key)}${user.pem}${user.pem}`)
  const pass = ['-passout', `pass:${PASSPHRASE}`]
  openssl('pkcs8', '-topk8', '-in', 'key.pem', '-out', 'pkcs8.pem', ...pass)
  openssl('rsa', '-aes256', '-traditional', '-in', 'key.pem', '-out', 'traditional.pem', ...pass)
  const p12 = ['pkcs12', '-export', '-in', 'cert.pem', '-inkey', 'key.pem', ...pass]
  openssl(...p12, '-out', 'new.p12')
  openssl(...p12, '-certfile', 'cert.pem', '-out', 'chain.p12', '-name', 'my certificate')
  openssl(...p12, '-legacy', '-out', 'old name.p12')
  openssl('pkcs12', '-export', '-nokeys', '-in', 'cert.pem', '-out', 'nokey.p12', ...pass)
  openssl(
    'pkcs8',
    '-topk8',
    '-v1',
    'PBE-MD5-DES',
    '-provider',
    'legacy',
    '-provider',
    'default',
    '-in',
    'key.pem',
    '-out',
    'old.pem',
    ...pass,
  )
  for (const name of [
    'pkcs8.pem',
    'traditional.pem',
    'new.p12',
    'chain.p12',
    'old name.p12',
    'nokey.p12',
    'old.pem',
  ]) {
    chmodSync(path(name), 0o600)
  }
})

const read = (certificate: string, key: string, ask: () => Promise<string> = never) =>
  readUserCredential({ certificate: path(certificate), key: path(key) }, ask)

describe('a credential is read', () => {
  it.each([
    ['PEM certificate and key', 'cert.pem', 'key.pem', never, 2],
    ['PEM in one file', 'both.pem', 'both.pem', never, 1],
    ['PKCS#8 with a passphrase', 'cert.pem', 'pkcs8.pem', right, 2],
    ['a traditional key with a passphrase', 'cert.pem', 'traditional.pem', right, 2],
    ['a proxy, its repeated certificate once', 'proxy.pem', 'proxy.pem', never, 2],
    ['PKCS#12', 'new.p12', 'new.p12', right, 2],
    ['PKCS#12 with its CA', 'chain.p12', 'chain.p12', right, 2],
  ])('%s', async (_name, certificate, key, ask, count) => {
    const credential = await read(certificate, key, ask)
    expect(Buffer.from(credential.eec.der)).toEqual(Buffer.from(user.der))
    expect(credential.certificates).toHaveLength(count)
  })
})

describe('a credential is refused, with what to do', () => {
  const wrong = () => Promise.resolve('wrong')
  it.each<[string, string, string, () => Promise<string>, string, RegExp]>([
    [
      'a key that others may use',
      'cert.pem',
      'open.pem',
      never,
      'credential',
      /open\.pem holds a private key and may be used by others \(mode 0640\); chmod 0400 /,
    ],
    ["another certificate's key", 'cert.pem', 'other.pem', never, 'credential', /not the key of .*cert\.pem/],
    [
      'a wrong passphrase',
      'cert.pem',
      'pkcs8.pem',
      wrong,
      'passphrase',
      /not the passphrase of .*pkcs8\.pem/,
    ],
    [
      'a wrong passphrase of a traditional key',
      'cert.pem',
      'traditional.pem',
      wrong,
      'passphrase',
      /not the passphrase/,
    ],
    [
      'a wrong passphrase of PKCS#12',
      'new.p12',
      'new.p12',
      wrong,
      'passphrase',
      /not the passphrase of .*new\.p12/,
    ],
    [
      'an encryption of long ago',
      'cert.pem',
      'old.pem',
      right,
      'credential',
      /no longer supported; convert it: .*openssl pkey -provider legacy/,
    ],
    [
      'PKCS#12 of long ago',
      'old name.p12',
      'x',
      never,
      'credential',
      /encrypted by PBE-SHA1-\S+, which is no longer supported; convert it: \(umask 077; openssl pkcs12 -legacy -in '.*old name\.p12' /,
    ],
    ['PKCS#12 without a key', 'nokey.p12', 'x', right, 'credential', /holds no private key/],
    [
      'a file without a key',
      'cert.pem',
      'cert.pem',
      never,
      'credential',
      /holds no private key in PEM; name the key by --key/,
    ],
    ['a file without a certificate', 'key.pem', 'key.pem', never, 'credential', /holds no certificate/],
    ['a file that is not there', 'nope.pem', 'key.pem', never, 'credential', /nope\.pem does not exist/],
  ])('%s', async (_name, certificate, key, ask, code, message) => {
    const error = await read(certificate, key, ask).catch(cause => cause)
    expect(error).toMatchObject({ code })
    expect(`${error.message}; ${error.advice}`).toMatch(message)
  })

  it('the command for old PKCS#12 does convert it', async () => {
    const error = await read('old name.p12', 'x').catch(cause => cause)
    const [, command] = /convert it: (\(.*\)), then name/.exec(error.advice)!
    const withPasswords = command!
      .replace('-legacy', `-legacy -passin 'pass:${PASSPHRASE}'`)
      .replace('-export', `-export -passout 'pass:${PASSPHRASE}'`)
    execFileSync('sh', ['-c', withPasswords], { stdio: 'pipe' })
    expect((await read('old name.p12.new', 'x', right)).certificates).toHaveLength(2)
  })

  it('damaged PKCS#12', async () => {
    const whole = execFileSync('cat', [path('new.p12')])
    for (const length of [20, 200, whole.length - 1]) {
      file('cut.p12', '')
      writeFileSync(path('cut.p12'), whole.subarray(0, length))
      await expect(read('cut.p12', 'x', right)).rejects.toMatchObject({
        code: expect.stringMatching(/^(credential|passphrase)$/),
      })
    }
  })
})

it('tells PKCS#12 from other files by its first octets', () => {
  expect(looksLikePkcs12(user.der)).toBe(false)
  expect(looksLikePkcs12(Uint8Array.of(0x30))).toBe(false)
  expect(looksLikePkcs12(Uint8Array.of(0x30, 0x82, 1, 0, 2, 1, 3))).toBe(true)
  expect(looksLikePkcs12(Uint8Array.of(0x30, 0x80, 2, 1, 3))).toBe(true)
})
