import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { implicit, integer } from '../../../native-free/der/writer.ts'
import { checkRevocation } from '../../../native-free/revocation/checkRevocation.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { loadTrustDirectory, NOTHING_LOADED } from '../../../src/authenticate/trust/loadTrustDirectory.ts'
import { createCa } from '../../pki/createCa.ts'
import { deltaCrlIndicator, issuingDistributionPoint } from '../../pki/createCrl.ts'
import { basicConstraints, extension, keyUsage } from '../../pki/extensions.ts'
import { type Credential, issueCertificate } from '../../pki/issueCertificate.ts'
import { issueEec } from '../../pki/issueEec.ts'
import { newKey, storedRsaKey } from '../../pki/keys.ts'
import { namespacesText, signingPolicyText } from '../../pki/policyText.ts'
import { writeCrl } from '../../pki/trustDirectory.ts'
import {
  ca,
  crlOf,
  NOW,
  newHash,
  oldHash,
  policy,
  revoked,
  SUBJECT,
  TrustFolder,
  user,
  usualFolder,
  YEAR,
} from './trustFolder.ts'

const DAY = 86_400
let trust: TrustFolder
beforeEach(() => {
  trust = new TrustFolder()
})
afterEach(() => {
  trust[Symbol.dispose]()
})

function use(folder: TrustFolder): TrustFolder {
  trust[Symbol.dispose]()
  trust = folder
  return folder
}

/** The verdict on a certificate under what was loaded last. */
function verdict(of: Credential, mode: 'ifPresent' | 'require' = 'ifPresent', issuerSpki?: string) {
  const certificate = parseCertificate(of.der)
  const issuers = trust.last.snapshot.casBySubject(certificate.issuer.canonical)
  const issuer = issuers.find(one => issuerSpki === undefined || one.spkiFingerprint === issuerSpki)!
  const switches = { crl: mode, crlGraceSeconds: 0 }
  return checkRevocation(certificate, issuer, trust.last.snapshot, switches, trust.now)?.reason
}

const subjects = () => trust.last.snapshot.cas.map(one => one.fingerprint)
const only = () => trust.last.snapshot.cas[0]!

describe('CA certificates', () => {
  it('are loaded once though filed under both hashes', async () => {
    use(usualFolder())
    const load = await trust.load()
    expect(load.findings).toEqual([])
    expect(load.snapshot.cas).toHaveLength(1)
    expect(load.snapshot.generation).toBe(1)
    expect(load.crls).toHaveLength(1)
    expect(load.snapshot.casBySubject(only().certificate.subject.canonical)).toEqual([only()])
    expect(load.snapshot.casBySubject('other')).toEqual([])
  })

  it('need only the old hash name, or only the new one', async () => {
    for (const style of ['old', 'new'] as const) {
      const folder = new TrustFolder().fill({
        ca,
        signingPolicy: policy,
        crls: [crlOf().pem],
        hashes: [style],
      })
      use(folder)
      await trust.load()
      expect(subjects()).toHaveLength(1)
      expect(only().signingPolicy).toMatchObject({ rules: [{ permit: true }] })
      expect(verdict(revoked)).toBe('REVOKED')
    }
  })

  it('need no number 0', async () => {
    trust.fill({ ca, suffix: 1 })
    await trust.load()
    expect(subjects()).toHaveLength(1)
  })

  it('are skipped under a name that is not their hash', async () => {
    trust.fill({ ca })
    const other = createCa({ subject: '/CN=Other', ...YEAR })
    trust.write('00000000.0', other.pem)
    expect(await trust.findings()).toContain('wrong-name')
    expect(subjects()).toHaveLength(1)
  })

  it('of one name with two keys are both there, each with its CRL', async () => {
    const successor = createCa({ subject: SUBJECT, ...YEAR })
    const theirs = issueEec(successor, { subject: '/C=IT/O=G/CN=x', serial: 5, ...YEAR })
    trust.fill({ ca, crls: [crlOf().pem] }, { ca: successor })
    writeCrl(trust.folder, successor, crlOf({ revoked: [theirs], number: 1 }, successor).pem, 1)
    const load = await trust.load()
    expect(load.snapshot.cas).toHaveLength(2)
    const [first, second] = load.snapshot.cas.map(one => one.spkiFingerprint)
    const keyOf = (one: Credential) =>
      load.snapshot.cas.find(({ certificate }) => Buffer.compare(certificate.spki, one.key.spki) === 0)!
        .spkiFingerprint
    expect([first, second]).toContain(keyOf(ca))
    expect(verdict(revoked, 'require', keyOf(ca))).toBe('REVOKED')
    expect(verdict(theirs, 'require', keyOf(successor))).toBe('REVOKED')
    expect(verdict(user, 'require', keyOf(ca))).toBeUndefined()
  })

  it('renewed with the same key stay beside the expired one', async () => {
    const old = createCa({
      subject: SUBJECT,
      key: ca.key,
      from: '2020-01-01T00:00:00Z',
      until: '2026-01-02T00:00:00Z',
    })
    trust.fill({ ca: old, crls: [crlOf().pem] }, { ca })
    expect(await trust.findings()).toEqual(expect.arrayContaining(['ca-expired', 'policy-missing']))
    expect(subjects()).toHaveLength(2)
    expect(verdict(revoked)).toBe('REVOKED')
  })

  it.each<[string, readonly Uint8Array[], boolean, string[]]>([
    ['with CA:FALSE', [basicConstraints(false)], false, ['not-a-ca']],
    ['without basicConstraints but self-signed', [keyUsage(['keyCertSign'])], true, []],
  ])('%s', async (_, extensions, loaded, codes) => {
    const key = newKey('p256')
    const odd = issueCertificate({ subject: '/CN=Odd', key, extensions, ...YEAR })
    trust.fill({ ca, signingPolicy: policy }, { ca: odd, signingPolicy: policy })
    expect(await trust.findings()).toEqual(codes)
    expect(subjects()).toHaveLength(loaded ? 2 : 1)
  })

  it('that are intermediates without basicConstraints are skipped', async () => {
    const sub = issueCertificate({
      subject: '/CN=Sub',
      key: newKey(),
      issuer: ca,
      extensions: [keyUsage(['keyCertSign'])],
      ...YEAR,
    })
    trust.fill({ ca, signingPolicy: policy }, { ca: sub })
    expect(await trust.findings()).toEqual(['not-a-ca'])
    expect(subjects()).toHaveLength(1)
  })

  it('of version 1 are loaded when self-signed', async () => {
    const odd = issueCertificate({ subject: '/CN=V1', key: newKey(), version: 1, extensions: [], ...YEAR })
    trust.fill({ ca: odd })
    await trust.load()
    expect(subjects()).toHaveLength(1)
  })

  it('may have other text around the PEM block', async () => {
    trust.fill({ ca: { ...ca, pem: `Certificate:\n    Data: ...\n${ca.pem}trailing\n` } })
    await trust.load()
    expect(subjects()).toHaveLength(1)
  })

  it('of two in one file are not guessed', async () => {
    const other = createCa({ subject: '/CN=Other', ...YEAR })
    trust.fill({ ca }, { ca: { ...other, pem: other.pem + ca.pem } })
    expect(await trust.findings()).toContain('malformed')
    expect(subjects()).toHaveLength(1)
  })

  it('keep their neighbours when one of them is unparsable', async () => {
    const broken = createCa({ subject: '/CN=Broken', ...YEAR })
    trust.fill({ ca, signingPolicy: policy }, { ca: { ...broken, pem: broken.pem.replace(/[A-Z]/, '!') } })
    const load = await trust.load()
    expect(load.findings).toMatchObject([
      { code: 'malformed', level: 'error', file: expect.stringMatching(/^[0-9a-f]{8}\.0$/) },
      { code: 'malformed' },
    ])
    expect(subjects()).toHaveLength(1)
  })

  it('ignore files of every other name', async () => {
    use(usualFolder())
    for (const name of [
      'a.pem~',
      'x.info',
      'x.crl_url',
      `${newHash()}.0.rpmnew`,
      `${newHash()}.r0.tmp`,
      'ABCDEF01.0',
      `.${newHash()}.0`,
    ]) {
      trust.write(name, 'garbage')
    }
    expect(await trust.findings()).toEqual([])
  })
})

describe('policy files', () => {
  it('are those of the CA’s hash', async () => {
    trust.fill({
      ca,
      signingPolicy: policy,
      namespaces: namespacesText([{ issuer: 'SELF', subject: '/C=IT/O=G/.*' }]),
    })
    await trust.load()
    expect(only().signingPolicy).toMatchObject({ rules: [{ pattern: '/C=IT/O=G/*' }] })
    expect(only().namespaces).toMatchObject({ rules: [{ issuer: 'SELF' }] })
  })

  it('of the new hash win when the two differ, even when bad', async () => {
    trust.fill({ ca })
    trust.write(`${oldHash()}.signing_policy`, policy)
    trust.write(`${newHash()}.signing_policy`, signingPolicyText(SUBJECT, ['/C=XX/*']))
    await trust.load()
    expect(only().signingPolicy).toMatchObject({ rules: [{ pattern: '/C=XX/*' }] })
    trust.write(`${newHash()}.signing_policy`, 'neg_rights globus CA:sign')
    expect(await trust.findings()).toEqual(['policy-bad'])
    expect(only().signingPolicy).toBe('bad')
  })

  it('are bad at once when changed to something that is not understood', async () => {
    use(usualFolder())
    await trust.load()
    trust.write('ca-0.signing_policy', policy.replace('pos_rights', 'neg_rights'))
    expect(await trust.findings()).toEqual(['policy-bad'])
    expect(only().signingPolicy).toBe('bad')
  })

  it('that are only half rewritten keep what they said', async () => {
    use(usualFolder())
    await trust.load()
    for (const length of [0, policy.length - 4]) {
      trust.write('ca-0.signing_policy', policy.slice(0, length))
      const load = await trust.load()
      expect(load.findings).toMatchObject([{ code: 'malformed', level: 'warning' }, { code: 'malformed' }])
      expect(load.standIns).toBe(2)
      expect(only().signingPolicy).toMatchObject({ rules: [{ pattern: '/C=IT/O=G/*' }] })
    }
  })

  it('that are cut off from the start are bad', async () => {
    trust.fill({ ca, signingPolicy: policy.slice(0, -4) })
    expect(await trust.findings()).toEqual(['policy-bad'])
    expect(only().signingPolicy).toBe('bad')
  })

  it('get no grace when they are missing', async () => {
    use(usualFolder())
    await trust.load()
    trust.removeAllOf(/signing_policy/)
    expect(await trust.findings()).toEqual(['policy-missing'])
    expect(only().signingPolicy).toBeUndefined()
  })

  it('that are a directory are bad', async () => {
    trust.fill({ ca })
    mkdirSync(trust.path(`${newHash()}.namespaces`))
    expect(await trust.findings()).toContain('unreadable')
    expect(only().namespaces).toBe('bad')
  })
})

describe('CRLs', () => {
  it.each(['pem', 'der'] as const)('as %s revoke', async form => {
    trust.fill({ ca, crls: [crlOf()[form]] })
    await trust.load()
    expect(verdict(revoked)).toBe('REVOKED')
    expect(verdict(user)).toBeUndefined()
  })

  it('that are missing pass or not, as configured', async () => {
    trust.fill({ ca })
    await trust.load()
    expect(verdict(user)).toBeUndefined()
    expect(verdict(user, 'require')).toBe('CRL_MISSING')
  })

  it('that expired refuse everybody, and the listed as revoked', async () => {
    use(usualFolder())
    trust.now = NOW + 5 * DAY
    expect(await trust.findings()).toEqual(['crl-expired'])
    expect(verdict(user)).toBe('CRL_EXPIRED')
    expect(verdict(revoked)).toBe('REVOKED')
  })

  it('of the future refuse', async () => {
    trust.fill({ ca, signingPolicy: policy, crls: [crlOf({ thisUpdate: NOW + 3600 }).pem] })
    expect(await trust.findings()).toEqual(['crl-not-yet-valid'])
    expect(verdict(user)).toBe('CRL_NOT_YET_VALID')
  })

  it('that end within a day are reported', async () => {
    use(usualFolder())
    trust.now = NOW + 3 * DAY + 1
    expect(await trust.findings()).toEqual(['crl-expiring'])
    expect(verdict(user)).toBeUndefined()
  })

  it('of number 1 help when number 0 has expired', async () => {
    const old = crlOf({ thisUpdate: NOW - 9 * DAY, nextUpdate: NOW - 2 * DAY, number: 6, revoked: [] })
    trust.fill({ ca, crls: [old.pem, crlOf().pem] })
    for (let round = 0; round < 2; round++) {
      expect(await trust.findings()).not.toContain('crl-rollback')
      expect(verdict(user)).toBeUndefined()
      expect(verdict(revoked)).toBe('REVOKED')
    }
  })

  it('cut off are unreadable at first, and give way to the former one later', async () => {
    const { pem } = crlOf()
    trust.fill({ ca, crls: [pem.slice(0, pem.length / 2)] })
    expect(await trust.findings()).toContain('malformed')
    expect(verdict(user)).toBe('CRL_UNREADABLE')
    writeCrl(trust.folder, ca, pem)
    await trust.load()
    expect(verdict(user)).toBeUndefined()
    writeCrl(trust.folder, ca, pem.slice(0, pem.length / 2))
    expect(await trust.findings()).toContain('malformed')
    expect(verdict(user)).toBeUndefined()
    expect(verdict(revoked)).toBe('REVOKED')
  })

  it('of a broken file do not matter beside a good one', async () => {
    trust.fill({ ca, crls: ['garbage', crlOf().pem] })
    await trust.load()
    expect(verdict(user)).toBeUndefined()
    expect(verdict(revoked)).toBe('REVOKED')
  })

  it('signed by another key of that name refuse, unless that key is installed', async () => {
    const other = createCa({ subject: SUBJECT, ...YEAR })
    const crl = crlOf({}, other)
    trust.fill({ ca, crls: [crl.pem] })
    expect(await trust.findings()).toContain('crl-signature')
    expect(verdict(user)).toBe('CRL_SIGNATURE')
    trust.fill({ ca: other, alias: 'second' })
    const mine = trust.last.snapshot.cas[0]!.spkiFingerprint
    expect(await trust.findings()).not.toContain('crl-signature')
    expect(verdict(revoked, 'ifPresent', mine)).toBe('REVOKED')
    expect(verdict(user, 'ifPresent', mine)).toBeUndefined()
  })

  it('are not believed from a CA without cRLSign', async () => {
    const mute = createCa({
      subject: '/CN=Mute',
      ...YEAR,
      extensions: [basicConstraints(true), keyUsage(['keyCertSign'])],
    })
    trust.fill({ ca: mute, crls: [crlOf({}, mute).pem] })
    expect(await trust.findings()).toContain('crl-signature')
    expect(verdict(issueEec(mute, { subject: '/CN=m', ...YEAR }))).toBe('CRL_SIGNATURE')
  })

  it.each<[string, readonly Uint8Array[]]>([
    ['an unknown critical extension', [extension('1.2.3.4', true, integer(1))]],
    ['a delta indicator', [deltaCrlIndicator(1)]],
    ['an indirect distribution point', [issuingDistributionPoint(implicit(4, new Uint8Array([0xff])))]],
  ])('with %s are reported and not used', async (_, extensions) => {
    trust.fill({ ca, signingPolicy: policy, crls: [crlOf({ extensions }).pem] })
    expect(await trust.findings()).toEqual(['crl-unsupported'])
    expect(verdict(user)).toBe('CRL_UNSUPPORTED')
  })

  it('of the root revoke an intermediate', async () => {
    const sub = createCa({ subject: '/C=IT/O=G/CN=Sub', issuer: ca, serial: 4711, ...YEAR })
    use(usualFolder()).fill({ ca: sub, alias: 'sub' })
    await trust.load()
    expect(verdict(sub)).toBe('REVOKED')
  })

  it('compare serials of 20 octets as unsigned numbers', async () => {
    const serial = new Uint8Array([0, ...Array(20).fill(0xfe)])
    const big = issueEec(ca, { subject: '/CN=big', serial, ...YEAR })
    trust.fill({ ca, crls: [crlOf({ revoked: [{ serial }] }).pem] })
    await trust.load()
    expect(verdict(big)).toBe('REVOKED')
    expect(verdict(user)).toBeUndefined()
  })

  it('with different algorithms inside and outside count as not signed', async () => {
    // The same algorithm, but with NULL parameters: it would verify.
    const outerAlgorithm = new Uint8Array([0x30, 12, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2, 5, 0])
    trust.fill({ ca, crls: [crlOf({ outerAlgorithm }).pem] })
    expect(await trust.findings()).toContain('crl-signature')
    expect(verdict(user)).toBe('CRL_SIGNATURE')
  })

  const rsaCa = createCa({ subject: '/CN=RSA', key: storedRsaKey(2048), ...YEAR })
  const rsaUser = issueEec(rsaCa, { subject: '/CN=x', ...YEAR })
  it.each([
    ['md5', 'CRL_SIGNATURE', ['crl-weak-signature']],
    ['sha1', undefined, ['crl-weak-signature']],
    ['sha224', undefined, []],
    ['sha384', undefined, []],
    ['sha512', undefined, []],
    ['pss-sha256', undefined, []],
    ['pss-sha512', undefined, []],
  ] as const)('signed with RSA and %s', async (scheme, reason, codes) => {
    trust.fill({ ca: rsaCa, signingPolicy: policy, crls: [crlOf({ scheme, revoked: [] }, rsaCa).pem] })
    expect(await trust.findings()).toEqual(codes)
    expect(verdict(rsaUser)).toBe(reason)
  })

  it.each(['p384', 'p521', 'ed25519', 'ed448'] as const)('signed with %s', async kind => {
    const signer = createCa({ subject: '/CN=K', key: newKey(kind), ...YEAR })
    trust.fill({ ca: signer, signingPolicy: policy, crls: [crlOf({ revoked: [] }, signer).pem] })
    expect(await trust.findings()).toEqual([])
    expect(verdict(issueEec(signer, { subject: '/CN=x', ...YEAR }))).toBeUndefined()
  })

  it('of a CA that is not installed are reported', async () => {
    use(usualFolder())
    const absent = createCa({ subject: '/CN=Absent', ...YEAR })
    writeCrl(trust.folder, absent, crlOf({}, absent).pem)
    expect(await trust.findings()).toEqual(['crl-without-ca'])
  })
})

describe('reloading', () => {
  it('gives the same snapshot when nothing but the dates of files changed', async () => {
    use(usualFolder())
    const first = await trust.load()
    writeCrl(trust.folder, ca, readFileSync(trust.path(`${newHash()}.r0`)))
    trust.write('ca-0.pem', ca.pem)
    const second = await trust.load()
    expect([first.changed, second.changed]).toEqual([true, false])
    expect(second.snapshot).toBe(first.snapshot)
  })

  it('lets no CRL stand in that was never verified', async () => {
    trust.fill({ ca, signingPolicy: policy, crls: [crlOf({ signer: newKey() }).pem] })
    await trust.load()
    expect(verdict(user)).toBe('CRL_SIGNATURE')
    writeCrl(trust.folder, ca, 'garbage')
    expect((await trust.load()).standIns).toBe(0)
    expect(verdict(user)).toBe('CRL_UNREADABLE')
  })

  it('parses nothing twice, and retains only what is in use', async () => {
    use(usualFolder())
    const first = await trust.load()
    const sizes = (load: typeof first) => [
      load.memory.parsed.size,
      load.memory.good.size,
      load.memory.newestCrls.size,
    ]
    const expected = sizes(first)
    for (let number = 8; number < 60; number++) {
      const before = trust.last
      await trust.load()
      for (const [key, object] of trust.last.memory.parsed) expect(before.memory.parsed.get(key)).toBe(object)
      writeCrl(trust.folder, ca, crlOf({ number, thisUpdate: NOW - DAY + number }).pem)
      await trust.load()
      expect(sizes(trust.last)).toEqual(expected)
    }
  })

  it('retains no stack of stand-ins while a file is damaged again and again', async () => {
    use(usualFolder())
    await trust.load()
    const expected = trust.last.memory.good.size
    for (let round = 0; round < 30; round++) {
      writeCrl(trust.folder, ca, `garbage ${round}`)
      await trust.load()
      expect(trust.last.memory.good.size).toBe(expected)
      expect(trust.last.memory.parsed.size).toBeLessThanOrEqual(expected + 2)
      expect(verdict(revoked)).toBe('REVOKED')
    }
  })

  it('takes a new CRL at once', async () => {
    use(usualFolder())
    await trust.load()
    const before = trust.last.snapshot
    expect(verdict(user)).toBeUndefined()
    writeCrl(trust.folder, ca, crlOf({ number: 8, thisUpdate: NOW - 60, revoked: [user] }).pem)
    await trust.load()
    expect(verdict(user)).toBe('REVOKED')
    expect(trust.last.snapshot.generation).toBe(before.generation + 1)
    expect(before.crlsByIssuer(only().certificate.subject.canonical)[0]!.number).toBe(7n)
  })

  it('drops a deleted CRL and a deleted CA at once', async () => {
    const other = createCa({ subject: '/CN=Other', ...YEAR })
    use(usualFolder()).fill({ ca: other, alias: 'other' })
    await trust.load()
    expect(subjects()).toHaveLength(2)
    trust.removeAllOf(/\.r0$/)
    trust.removeAllOf(/^other\.pem$|\.0$/)
    trust.fill({ ca, alias: 'again' })
    await trust.load()
    expect(subjects()).toHaveLength(1)
    expect(verdict(revoked)).toBeUndefined()
  })

  it('does not take an older CRL, whatever the file', async () => {
    const older = crlOf({ number: 6, thisUpdate: NOW - 4 * DAY, revoked: [] })
    use(usualFolder())
    await trust.load()
    writeCrl(trust.folder, ca, older.pem)
    expect(await trust.findings()).toEqual(['crl-rollback'])
    expect(verdict(revoked)).toBe('REVOKED')
    expect(await trust.findings()).toEqual(['crl-rollback'])
    expect(verdict(revoked)).toBe('REVOKED')
  })

  it('remembers the newest CRL after its file is gone', async () => {
    use(usualFolder())
    await trust.load()
    trust.removeAllOf(/\.r0$/)
    await trust.load()
    writeCrl(trust.folder, ca, crlOf({ number: 6, thisUpdate: NOW - 4 * DAY, revoked: [] }).pem, 3)
    expect(await trust.findings()).toEqual(['crl-rollback'])
    expect(verdict(user)).toBe('CRL_UNREADABLE')
  })

  it.each([
    ['a lower number of a later date', { number: 6, thisUpdate: NOW - 60 }],
    ['a higher number of an earlier date', { number: 8, thisUpdate: NOW - 5 * DAY }],
    ['a delta CRL’s base', { number: 6, thisUpdate: NOW - 5 * DAY, extensions: [deltaCrlIndicator(2)] }],
  ])('does not call %s a rollback', async (_, options) => {
    use(usualFolder())
    await trust.load()
    writeCrl(trust.folder, ca, crlOf(options).pem)
    expect(await trust.findings()).not.toContain('crl-rollback')
  })

  it('does not let a CRL from the future shut out later ones', async () => {
    use(usualFolder())
    writeCrl(
      trust.folder,
      ca,
      crlOf({ number: 99, thisUpdate: NOW + 30 * DAY, nextUpdate: NOW + 60 * DAY }).pem,
    )
    await trust.load()
    writeCrl(trust.folder, ca, crlOf({ number: 8, thisUpdate: NOW - 60 }).pem)
    expect(await trust.findings()).toEqual([])
    expect(verdict(revoked)).toBe('REVOKED')
  })

  it('keeps all it has when the directory is emptied or removed', async () => {
    use(usualFolder())
    const { snapshot } = await trust.load()
    trust.removeAllOf(/./)
    expect(await trust.findings()).toEqual(['no-ca'])
    expect(trust.last).toMatchObject({ refused: true, changed: false, snapshot })
    renameSync(trust.folder, `${trust.folder}-away`)
    expect(await trust.findings()).toEqual(['directory-unreadable'])
    expect(trust.last.snapshot).toBe(snapshot)
    expect(verdict(revoked)).toBe('REVOKED')
    renameSync(`${trust.folder}-away`, trust.folder)
    trust.fill({ ca, signingPolicy: policy })
    expect(await trust.findings()).toEqual([])
    expect(trust.last.refused).toBe(false)
  })

  it('finds nothing at first in an empty or absent directory, and says so', async () => {
    const absent = await loadTrustDirectory('/nonexistent/trust', NOTHING_LOADED, {
      clock: { now: () => NOW },
    })
    expect(absent.findings).toMatchObject([{ code: 'directory-unreadable', file: '/nonexistent/trust' }])
    expect(absent.snapshot.cas).toEqual([])
    expect(await trust.findings()).toEqual(['no-ca'])
    trust.fill({ ca, signingPolicy: policy })
    expect((await trust.load()).snapshot.generation).toBe(1)
  })
})

/** Each fault is written in place over both hash names of a file. */
describe('a vandalised file', () => {
  const { pem, der } = crlOf()
  const other = createCa({ subject: '/CN=Other', ...YEAR })
  const forged = crlOf({ number: 8, revoked: [], signer: newKey() })
  const older = crlOf({ number: 6, thisUpdate: NOW - 4 * DAY, revoked: [] })
  const cuts = Array.from({ length: 15 }, (_, n): [string, string | Uint8Array] => [
    `cut at ${n + 1}/16`,
    n % 2 ? pem.slice(0, (pem.length * (n + 1)) / 16) : der.subarray(0, (der.length * (n + 1)) / 16),
  ])
  const faults: [string, string | Uint8Array][] = [
    ['empty', ''],
    ...cuts,
    ['of the wrong issuer', crlOf({}, other).pem],
    ['with a bad signature', forged.pem],
    ['of an older number', older.pem],
    ['of garbage', Buffer.alloc(5_000, 0xa5)],
    ['of zeros', new Uint8Array(5_000)],
    ['of DER with something behind it', Buffer.concat([der, new Uint8Array(7)])],
    ['that holds a certificate', ca.pem],
    ['of base64 with other characters', pem.replace(/[a-z]/, '*')],
    ['signed with MD5', crlOf({ scheme: 'md5', signer: storedRsaKey(2048), revoked: [] }).pem],
  ]
  it.each(faults)('of a CRL, %s, leaves the last good one in use and is reported', async (_, content) => {
    use(usualFolder())
    await trust.load()
    const { snapshot } = trust.last
    writeCrl(trust.folder, ca, content)
    const load = await trust.load()
    expect(load.findings).toHaveLength(2)
    expect(load.findings.every(({ file }) => file.endsWith('.r0'))).toBe(true)
    expect(load.standIns).toBe(2)
    expect(load.snapshot).toBe(snapshot)
    expect(verdict(revoked)).toBe('REVOKED')
    expect(verdict(user)).toBeUndefined()

    writeCrl(trust.folder, ca, crlOf({ number: 9, thisUpdate: NOW - 60 }).pem)
    expect(await trust.findings()).toEqual([])
    expect(trust.last.standIns).toBe(0)
  })

  it.each(faults)(
    'of a CRL, %s, refuses the CA’s users once the last good one has expired',
    async (_, content) => {
      use(usualFolder())
      await trust.load()
      writeCrl(trust.folder, ca, content)
      await trust.load()
      trust.now = NOW + 5 * DAY
      await trust.load()
      if (content === faults.find(([name]) => name === 'of the wrong issuer')![1]) {
        expect(trust.last.findings[0]!.code).toBe('wrong-name')
      } else {
        expect(verdict(user)).toMatch(/^CRL_(UNREADABLE|SIGNATURE)$/)
      }
    },
  )

  it('of a CRL that expired is taken: it is newer than nothing', async () => {
    use(usualFolder())
    await trust.load()
    writeCrl(trust.folder, ca, crlOf({ number: 8, nextUpdate: NOW - 60 }).pem)
    expect(await trust.findings()).toEqual(['crl-expired'])
    expect(verdict(user)).toBe('CRL_EXPIRED')
  })

  it.each<[string, (path: string) => void]>([
    ['a directory', path => mkdirSync(path)],
    ['a link to itself', path => symlinkSync(path, path)],
    ['a device', path => symlinkSync('/dev/zero', path)],
    ['50 MB of text', path => writeFileSync(path, Buffer.alloc(50 * 1024 * 1024, 'garbage '))],
    ['100 MB', path => writeFileSync(path, Buffer.alloc(100 * 1024 * 1024))],
  ])('that became %s leaves the last good object in use', async (_, replace) => {
    use(new TrustFolder().fill({ ca, signingPolicy: policy, crls: [crlOf().pem], hashes: ['new'] }))
    const { snapshot } = await trust.load()
    for (const name of [`${newHash()}.r0`, `${newHash()}.0`]) {
      trust.remove(name)
      replace(trust.path(name))
    }
    const load = await trust.load()
    expect(load.findings).toHaveLength(2)
    expect(load.snapshot).toBe(snapshot)
    expect(verdict(revoked)).toBe('REVOKED')
  })

  it.skipIf(process.getuid?.() === 0)(
    'that may not be read leaves the last good object in use (skipped for root)',
    async () => {
      use(new TrustFolder().fill({ ca, signingPolicy: policy, crls: [crlOf().pem], hashes: ['new'] }))
      await trust.load()
      const { chmodSync } = await import('node:fs')
      chmodSync(trust.path(`${newHash()}.r0`), 0)
      expect(await trust.findings()).toEqual(['unreadable'])
      expect(verdict(revoked)).toBe('REVOKED')
    },
  )

  it.each([
    ['empty', ''],
    ['of garbage', 'garbage'],
    ...Array.from({ length: 15 }, (_, n): [string, string] => [
      `cut at ${n + 1}/16`,
      ca.pem.slice(0, (ca.pem.length * (n + 1)) / 16),
    ]),
  ])('of a CA, %s, leaves the CA in use until it expires', async (_, content) => {
    const other = createCa({ subject: '/CN=Other', from: YEAR.from, until: '2030-01-01T00:00:00Z' })
    trust.fill({ ca, signingPolicy: policy }, { ca: other, signingPolicy: policy })
    const { snapshot } = await trust.load()
    trust.write('ca-0.pem', content)
    const load = await trust.load()
    expect(load.findings).toMatchObject([{ code: 'malformed', level: 'warning' }, { code: 'malformed' }])
    expect(load.snapshot).toBe(snapshot)
    trust.now = Date.UTC(2027, 1) / 1000
    expect((await trust.load()).snapshot.cas).toHaveLength(1)
  })

  it('of a link that leads nowhere is as good as deleted', async () => {
    use(usualFolder())
    const other = createCa({ subject: '/CN=Other', ...YEAR })
    trust.fill({ ca: other, signingPolicy: policy, alias: 'other' })
    await trust.load()
    trust.remove('other.pem')
    const load = await trust.load()
    expect(load.findings).toMatchObject([{ code: 'unreadable', level: 'warning' }, { code: 'unreadable' }])
    expect(load.snapshot.cas).toHaveLength(1)
  })
})
