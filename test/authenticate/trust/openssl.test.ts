import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { bytesToLatin1 } from '../../../native-free/bytes/latin1.ts'
import { parseCrl } from '../../../native-free/x509/parseCrl.ts'
import { caDer } from '../../../src/authenticate/trust/caDer.ts'
import { crlDer } from '../../../src/authenticate/trust/crlDer.ts'
import { parseTrustObject } from '../../../src/authenticate/trust/trustObject.ts'
import { createCa } from '../../pki/createCa.ts'
import { createCrl } from '../../pki/createCrl.ts'
import type { NameAttribute } from '../../pki/distinguishedName.ts'
import { newKey, privateKeyPem } from '../../pki/keys.ts'
import { ca, crlOf, NOW, TrustFolder, WEEK, YEAR } from './trustFolder.ts'

const found = spawnSync('openssl', ['version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'vouchd-openssl-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function openssl(args: string[], input?: Uint8Array | string): string {
  const run = spawnSync('openssl', args, {
    input: input as string,
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (run.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${run.stderr}`)
  return run.stdout
}

/** Seconds of a date as openssl prints it: Jun  1 00:00:00 2026 GMT. */
const secondsOf = (text: string) => Date.parse(text) / 1000
const serialsIn = (text: string) => [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(match => match[1]!)
const octetsOf = (hex: string) => Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')

describe.skipIf(!found)('beside openssl (install openssl when skipped)', () => {
  const entry = fc.record({
    serial: fc.bigInt({ min: 1n, max: (1n << 158n) - 1n }),
    reason: fc.constantFrom(0, 1, 3, 4, 5, 6, 9),
    at: fc.integer({ min: 1, max: NOW }),
  })

  it('every CRL has the same dates, number and serials', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { maxLength: 40, selector: ({ serial }) => serial }),
        fc.bigInt({ min: 0n, max: (1n << 150n) - 1n }),
        fc.integer({ min: 0, max: 4_000_000_000 }),
        (entries, number, nextUpdate) => {
          const { der } = createCrl(ca, { thisUpdate: WEEK.thisUpdate, nextUpdate, number, revoked: entries })
          const crl = parseCrl(der)
          const text = openssl(
            ['crl', '-inform', 'DER', '-noout', '-text', '-crlnumber', '-lastupdate', '-nextupdate'],
            der,
          )
          const value = (label: string) => new RegExp(`^${label}=(.*)$`, 'm').exec(text)![1]!
          expect(crl.number).toBe(BigInt(value('crlNumber')))
          expect(crl.thisUpdate).toBe(secondsOf(value('lastUpdate')))
          expect(crl.nextUpdate).toBe(secondsOf(value('nextUpdate')))
          const serials = serialsIn(text)
          expect(crl.entryCount).toBe(serials.length)
          for (const serial of serials) expect(crl.isListed(octetsOf(serial))).toBe(true)
          const neighbours = entries.map(({ serial }) => serial + 1n)
          for (const serial of neighbours) {
            const hex = serial.toString(16).toUpperCase()
            const printed = hex.length % 2 ? `0${hex}` : hex
            expect(crl.isListed(octetsOf(hex))).toBe(serials.includes(printed))
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  it('a CRL that openssl made is read alike, as PEM with text before it', async () => {
    writeFileSync(join(folder, 'ca.pem'), ca.pem)
    writeFileSync(join(folder, 'ca.key'), privateKeyPem(ca.key))
    const serials = ['01', '7F', '80', 'FFEEDDCCBBAA99887766554433221100FFEEDDCC', '4711']
    const index = serials
      .map(serial => `R\t270101000000Z\t260501000000Z\t${serial}\tunknown\t/CN=x\n`)
      .join('')
    writeFileSync(join(folder, 'index'), index)
    writeFileSync(join(folder, 'number'), '2A\n')
    writeFileSync(
      join(folder, 'ca.cnf'),
      '[ca]\ndefault_ca=a\n[a]\ndatabase=index\ncrlnumber=number\ndefault_md=sha384\ndefault_crl_days=7\ncrl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid\n',
    )
    const dates = ['-crl_lastupdate', '20260601000000Z', '-crl_nextupdate', '20260608000000Z']
    const pem = openssl([
      'ca',
      '-gencrl',
      '-config',
      'ca.cnf',
      '-cert',
      'ca.pem',
      '-keyfile',
      'ca.key',
      ...dates,
    ])
    const file = new TextEncoder().encode(`Certificate Revocation List (CRL):\n    Version 2\n${pem}`)
    const crl = parseCrl(await crlDer(file, async () => undefined))
    expect(crl.number).toBe(42n)
    expect(crl.entryCount).toBe(5)
    for (const serial of serials) expect(crl.isListed(octetsOf(serial))).toBe(true)
    expect(crl.isListed(octetsOf('02'))).toBe(false)
  })

  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  const ascii = fc.string({ unit: fc.constantFrom(...'aZ 09-.'), minLength: 1, maxLength: 20 })
  const attribute: fc.Arbitrary<NameAttribute> = fc.oneof(
    fc.record({
      type: fc.constantFrom('CN', 'O', 'OU', 'L', 'UID'),
      value: text,
      string: fc.constant('utf8' as const),
    }),
    fc.record({
      type: fc.constantFrom('CN', 'O', 'C'),
      value: ascii,
      string: fc.constantFrom('printable' as const, 'ia5' as const, 'bmp' as const, 't61' as const),
    }),
    fc.record({
      type: fc.constantFrom('DC', 'emailAddress'),
      value: ascii,
      string: fc.constant('ia5' as const),
    }),
  )
  const key = newKey()

  it('every CA has the same name hashes, new and old', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attribute, { minLength: 1, maxLength: 5 }), async subject => {
        const odd = createCa({ subject, key, ...YEAR })
        const hashes = openssl(['x509', '-noout', '-subject_hash', '-subject_hash_old'], odd.pem)
          .trim()
          .split('\n')
        expect(await parseTrustObject('ca', Buffer.from(odd.pem))).toMatchObject({ kind: 'ca', hashes })
      }),
      { numRuns: 60 },
    )
  })

  it('a directory that openssl rehash named is loaded', async () => {
    using trust = new TrustFolder()
    const successor = createCa({ subject: '/C=IT/O=G/CN=CA', ...YEAR })
    const other = createCa({ subject: '/DC=org/DC=x/CN=Öther', ...YEAR })
    for (const [n, one] of [ca, successor, other].entries()) {
      trust.write(`ca${n}.pem`, one.pem)
      trust.write(`ca${n}.crl.pem`, crlOf({}, one).pem)
    }
    for (const style of [[], ['-compat']]) {
      openssl(['rehash', ...style, trust.folder])
      const links = readdirSync(trust.folder).filter(name => /^[0-9a-f]{8}\.r?\d$/.test(name))
      const load = await trust.load()
      expect(links).toHaveLength(style.length === 0 ? 6 : 12)
      expect(load.snapshot.cas.map(one => toHex(one.certificate.serial)).length).toBe(3)
      expect(load.crls).toHaveLength(3)
      for (const { trusted } of load.crls) {
        expect(trusted.verifiedBy.size).toBe(1)
      }
      expect(load.findings.map(({ code }) => code).filter(code => code !== 'policy-missing')).toEqual([])
    }
  })

  it('a file of openssl x509 -text is read', () => {
    const printed = openssl(['x509', '-text'], ca.pem)
    expect(bytesToLatin1(caDer(new TextEncoder().encode(printed)))).toBe(bytesToLatin1(ca.der))
  })
})
