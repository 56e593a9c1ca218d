import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acTemplate } from '../../../native-free/ac/acTemplate.ts'
import { assemble } from '../../../native-free/ac/assemble.ts'
import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { encodeTbs } from '../../../native-free/ac/encodeTbs.ts'
import type { AcContent } from '../../../native-free/ac/types.ts'
import { fromHex, toHex } from '../../../native-free/bytes/hex.ts'
import { generalizedTime, integer, sequence } from '../../../native-free/der/writer.ts'
import { createAcIssuer, profileConfig } from '../../fakes/acIssuer.ts'
import { GOLDEN_CASES, goldenIssuer, makeGolden } from '../../fakes/goldenAcs.ts'
import { NOW } from '../../fakes/grant.ts'
import * as raw from '../../fakes/rawAc.ts'
import { readAcIndependently } from '../../independent/readAc.ts'
import { nameDer } from '../../pki/distinguishedName.ts'
import { newKey } from '../../pki/keys.ts'

const vectors = new URL('../../vectors/ac/', import.meta.url)
const names = Object.keys(GOLDEN_CASES)

describe('golden ACs', () => {
  it('are one file for each case', () => {
    const files = readdirSync(vectors).filter(file => file.endsWith('.der'))
    expect(files.sort()).toEqual(names.map(name => `${name}.der`).sort())
  })

  it.each(names)('%s: byte for byte', name => {
    const golden = readFileSync(new URL(`${name}.der`, vectors))
    expect(toHex(makeGolden(name).ac)).toBe(toHex(golden))
  })

  it.each(names)('%s: read and verified independently', async name => {
    const { content, ac } = makeGolden(name)
    const read = await readAcIndependently(ac)
    expect(read.signatureValid).toBe(true)
    expect(read.fqans).toEqual(content.fqans)
    expect(read.attributes).toEqual(content.attributes)
    expect(read.targets).toEqual(content.targets)
    expect(toHex(read.holder.name)).toBe(toHex(content.holderName))
    expect(read.holder.serial).toBe(toHex(content.holderSerial))
    expect(BigInt(`0x${read.serial}`)).toBe(BigInt(`0x${toHex(content.serial)}`))
    expect(read.policyAuthority).toBe('vo.0://voms.test.example:15000')
    const order = [
      ...(content.attributes.length > 0 ? ['1.3.6.1.4.1.8005.100.100.11 false'] : []),
      '1.3.6.1.4.1.8005.100.100.10 false',
      '2.5.29.56 false',
      '2.5.29.35 false',
      ...(content.targets.length > 0 ? ['2.5.29.55 true'] : []),
    ]
    expect(read.extensions.map(({ oid, critical }) => `${oid} ${critical}`)).toEqual(order)
  })

  it('are what a plain composition of the fields gives', () => {
    expect(toHex(makeGolden('targets').tbs)).toBe(
      toHex(
        raw.rawTbs({
          attributes: sequence(
            raw.attributeOf(
              raw.policyAuthority(raw.AUTHORITY),
              ...raw.fqanValues(...makeGolden('targets').content.fqans),
            ),
          ),
          extensions: [
            ...raw.GOOD_EXTENSIONS,
            raw.targets(true, raw.target('a.example'), raw.target('b.example')),
          ],
        }),
      ),
    )
  })

  it('have the very octets of the format description', () => {
    const hex = toHex(makeGolden('targets').tbs)
    expect(hex).toContain('3037a035302fa42d302b')
    expect(hex).toContain('a03d303ba4393037')
    expect(hex).toContain('0603551d370101ff0422')
    expect(hex).toContain('3020301e300da00b8609612e6578616d706c65300da00b8609622e6578616d706c65')
    expect(hex).toContain('30090603551d3804020500')
    expect(hex).toContain('301f0603551d23041830168014')
    expect(toHex(makeGolden('generic-attributes').tbs)).toContain('04733071306f306d3020861e766f')
  })
})

describe('golden ACs and OpenSSL', () => {
  const hasOpenssl = (() => {
    try {
      execFileSync('openssl', ['version'])
      return true
    } catch {
      return false
    }
  })()

  it.skipIf(!hasOpenssl)('verifies every signature (apt-get install openssl)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchd-ac-'))
    const file = (name: string, content: string | Uint8Array) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const publicKey = createPublicKey(goldenIssuer.pem).export({ type: 'spki', format: 'pem' })
    const key = file('key.pem', publicKey as string)
    for (const name of names) {
      const { acinfo, signature } = decodeAc(readFileSync(new URL(`${name}.der`, vectors)))
      const digest = GOLDEN_CASES[name]!.profile?.digest ?? 'sha256'
      const args = [
        'dgst',
        `-${digest}`,
        '-verify',
        key,
        '-signature',
        file('sig', signature),
        file('tbs', acinfo),
      ]
      expect(execFileSync('openssl', args, { encoding: 'utf8' })).toBe('Verified OK\n')
    }
    rmSync(folder, { recursive: true })
  })
})

const template = acTemplate(profileConfig(goldenIssuer))
const signature = new Uint8Array(256).fill(0x5a)

const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/)
const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const octets = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max })
/** Content octets of a positive INTEGER in its shortest form. */
const serialOctets = octets(1, 30).map(magnitude => integer(magnitude).subarray(2))
const content: fc.Arbitrary<AcContent> = fc.record({
  holderName: fc
    .array(fc.record({ type: fc.constantFrom('CN', 'O', 'DC', 'UID'), value: name }), {
      minLength: 1,
      maxLength: 8,
    })
    .map(nameDer),
  holderSerial: serialOctets,
  serial: octets(16, 16),
  notBefore: fc.integer({ min: 0, max: 253_402_300_799 }),
  notAfter: fc.integer({ min: 0, max: 253_402_300_799 }),
  fqans: fc.array(
    fc.array(name, { maxLength: 6 }).map(parts => ['/vo.0', ...parts].join('/')),
    {
      minLength: 1,
      maxLength: 40,
    },
  ),
  attributes: fc.array(fc.record({ name: text, value: text, qualifier: text }), { maxLength: 8 }),
  targets: fc.array(name, { maxLength: 5 }),
})

describe('encodeTbs', () => {
  it('is undone by decodeAc', () => {
    fc.assert(
      fc.property(content, one => {
        const ac = decodeAc(assemble(encodeTbs(template, one), template.algorithm, signature))
        expect(BigInt(`0x${toHex(ac.serial)}`)).toBe(BigInt(`0x${toHex(one.serial)}`))
        expect({
          holderName: toHex(ac.holderName),
          holderSerial: toHex(ac.holderSerial),
          notBefore: ac.notBefore,
          notAfter: ac.notAfter,
          fqans: ac.fqans,
          attributes: ac.attributes,
          targets: ac.targets,
        }).toEqual({
          holderName: toHex(one.holderName),
          holderSerial: toHex(one.holderSerial),
          notBefore: one.notBefore,
          notAfter: one.notAfter,
          fqans: one.fqans,
          attributes: one.attributes,
          targets: one.targets,
        })
      }),
      { numRuns: 300 },
    )
  })

  it('gives what the independent reader reads the same', async () => {
    await fc.assert(
      fc.asyncProperty(content, async one => {
        const read = await readAcIndependently(
          assemble(encodeTbs(template, one), template.algorithm, signature),
        )
        expect(read.fqans).toEqual(one.fqans)
        expect(read.attributes).toEqual(one.attributes)
        expect(read.targets).toEqual(one.targets)
        expect(read.holder.serial).toBe(toHex(one.holderSerial))
        expect(read.notAfter.getTime()).toBe(one.notAfter * 1000)
        expect(read.signatureValid).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it.each([0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000])(
    'writes a text of %d octets with the shortest length',
    size => {
      const fqan = `/vo.0/${'x'.repeat(size - 6)}`
      const one = { ...makeGolden('long-fqans').content, fqans: [fqan] }
      const tbs = encodeTbs(template, one)
      expect(decodeAc(assemble(tbs, template.algorithm, signature)).fqans).toEqual([fqan])
    },
  )

  it.each([
    ['two zero octets', '0000112233445566', '112233445566'],
    ['a zero octet that is the sign', '00ff', '00ff'],
    ['a high first bit', 'ff', '00ff'],
    ['zeros alone', '0000', '00'],
  ])('writes a serial with %s as the shortest positive INTEGER', (_, given, written) => {
    const one = { ...makeGolden('long-fqans').content, serial: fromHex(given) }
    const { serial } = decodeAc(assemble(encodeTbs(template, one), template.algorithm, signature))
    expect(toHex(serial)).toBe(written)
  })

  const plain = makeGolden('long-fqans').content
  it('refuses a target that is not ASCII', () => {
    expect(() => encodeTbs(template, { ...plain, targets: ['é'] })).toThrow(
      expect.objectContaining({ code: 'AC_TEXT' }),
    )
  })
  it('refuses to make an AC above 1 MiB', () => {
    const fqans = Array<string>(20_000).fill(`/vo.0/${'x'.repeat(60)}`)
    expect(() => encodeTbs(template, { ...plain, fqans })).toThrow(
      expect.objectContaining({ code: 'AC_TOO_LARGE' }),
    )
  })
  it('refuses times that are not whole seconds', () => {
    expect(() => encodeTbs(template, { ...plain, notAfter: NOW + 0.5 })).toThrow(
      expect.objectContaining({ code: 'DER_BAD_TIME' }),
    )
  })
  it('writes the times of RFC 5280 4.1.2.5.2', () => {
    expect(toHex(encodeTbs(template, plain))).toContain(
      toHex(sequence(generalizedTime(plain.notBefore), generalizedTime(plain.notAfter))),
    )
  })
})

describe('acTemplate', () => {
  const codeOf = (config: Partial<Parameters<typeof acTemplate>[0]>): string => {
    try {
      acTemplate({ ...profileConfig(goldenIssuer), ...config })
    } catch (refusal) {
      return (refusal as { code: string }).code
    }
    return 'no refusal'
  }

  it('takes intermediates into certseq, after the AC issuer', () => {
    const more = createAcIssuer({ subject: '/CN=more' })
    const two = acTemplate({
      ...profileConfig(goldenIssuer),
      issuerCertificates: [goldenIssuer.der, more.der],
    })
    const ac = decodeAc(assemble(encodeTbs(two, makeGolden('targets').content), two.algorithm, signature))
    expect(ac.certificates.map(toHex)).toEqual([toHex(goldenIssuer.der), toHex(more.der)])
  })

  it('names ECDSA without parameters for an EC key', () => {
    const ec = createAcIssuer({ key: newKey('p256') })
    const { algorithm } = acTemplate({ ...profileConfig(ec), digest: 'sha384' })
    expect(toHex(algorithm.der)).toBe('300a06082a8648ce3d040303')
  })

  it.each([
    ['AC_ISSUER', 'no certificate', { issuerCertificates: [] }],
    [
      'AC_ISSUER',
      'no SubjectKeyIdentifier',
      { issuerCertificates: [createAcIssuer({ keyIdentifier: null }).der] },
    ],
    ['AC_ISSUER', 'an Ed25519 key', { issuerCertificates: [createAcIssuer({ key: newKey('ed25519') }).der] }],
    ['AC_TEXT', 'a VO beyond ASCII', { vo: 'vö' }],
    ['AC_TEXT', 'a uri with a blank', { uri: 'a b:1' }],
  ])('refuses with %s: %s', (code, _, config) => {
    expect(codeOf(config)).toBe(code)
  })
})
