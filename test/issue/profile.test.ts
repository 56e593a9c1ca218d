import { describe, expect, it } from 'vitest'
import { ConfigError, type ConfigFault } from '../../src/config/ConfigError.ts'
import { createProfile } from '../../src/issue/profile.ts'
import type { ProfileConfig } from '../../src/issue/types.ts'
import { createAcIssuer, profileConfig } from '../fakes/acIssuer.ts'
import { newKey } from '../pki/keys.ts'

const issuer = createAcIssuer()

function faultsOf(overrides: Partial<ProfileConfig>): readonly ConfigFault[] {
  try {
    createProfile(profileConfig(issuer, overrides))
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).faults
  }
}

describe('createProfile', () => {
  it('takes an RSA AC issuer whose SubjectKeyIdentifier is SHA-1 of its key', () => {
    const profile = createProfile(profileConfig(issuer))
    expect(profile.vo).toBe('vo.0')
    expect(profile.algorithm.oid).toBe('1.2.840.113549.1.1.11')
    expect(Object.isFrozen(profile)).toBe(true)
  })

  it('takes an EC AC issuer only when forced', () => {
    const ec = createAcIssuer({ key: newKey('p256') })
    const [fault, ...more] = faultsOf({ issuerCertificates: [ec.der] })
    expect(more).toEqual([])
    expect(fault?.problem).toContain('EC key')
    expect(fault?.advice).toContain('allowEcAcKey')
    const forced = createProfile(profileConfig(ec, { allowEcAcKey: true }))
    expect(forced.algorithm.oid).toBe('1.2.840.10045.4.3.2')
  })

  it.each<[string, Partial<ProfileConfig>, string, RegExp]>([
    ['a VO name with a slash', { vo: 'a/b' }, 'name', /not a VO name/],
    ['an empty VO name', { vo: '' }, 'name', /not a VO name/],
    ['a VO name of dots', { vo: '..' }, 'name', /not a VO name/],
    ['a VO name that is too long', { vo: 'v'.repeat(256) }, 'name', /not a VO name/],
    ['a uri without port', { uri: 'voms.test.example' }, 'uri', /HOST:PORT/],
    ['a uri with an empty host', { uri: ':15000' }, 'uri', /HOST:PORT/],
    ['a uri with port 0', { uri: 'voms.test.example:0' }, 'uri', /HOST:PORT/],
    ['a uri with a port above 65535', { uri: 'voms.test.example:65536' }, 'uri', /HOST:PORT/],
    ['a uri with a scheme', { uri: 'https://voms.test.example:15000' }, 'uri', /HOST:PORT/],
    ['a uri with a path', { uri: 'voms.test.example:15000/x' }, 'uri', /HOST:PORT/],
    ['SHA-1', { digest: 'sha1' as 'sha256' }, 'digest', /digest/],
    ['a lifetime of 0', { maxLifetimeSeconds: 0 }, 'maxLifetimeSeconds', /above 0/],
    ['a negative lifetime', { maxLifetimeSeconds: -1 }, 'maxLifetimeSeconds', /above 0/],
    ['a lifetime with a fraction', { maxLifetimeSeconds: 1.5 }, 'maxLifetimeSeconds', /whole number/],
    ['no AC issuer', { issuerCertificates: [] }, 'acCredential.certificate', /names no certificate/],
    [
      'an unreadable AC issuer',
      { issuerCertificates: [Uint8Array.of(0x30, 0)] },
      'acCredential.certificate',
      /cannot be read/,
    ],
    [
      'an unreadable intermediate',
      { issuerCertificates: [issuer.der, Uint8Array.of(1)] },
      'acIntermediates',
      /cannot be read/,
    ],
    [
      'an AC issuer with an Ed25519 key',
      { issuerCertificates: [createAcIssuer({ key: newKey('ed25519') }).der] },
      'acCredential.certificate',
      /cannot sign ACs/,
    ],
    [
      'an AC issuer without SubjectKeyIdentifier',
      { issuerCertificates: [createAcIssuer({ keyIdentifier: null }).der] },
      'acCredential.certificate',
      /has no SubjectKeyIdentifier/,
    ],
    [
      'an AC issuer with another SubjectKeyIdentifier',
      { issuerCertificates: [createAcIssuer({ keyIdentifier: new Uint8Array(20) }).der] },
      'acCredential.certificate',
      /not SHA-1/,
    ],
    [
      'an AC issuer with a truncated SubjectKeyIdentifier',
      { issuerCertificates: [createAcIssuer({ keyIdentifier: new Uint8Array(8) }).der] },
      'acCredential.certificate',
      /not SHA-1/,
    ],
  ])('refuses %s', (_, overrides, path, problem) => {
    const faults = faultsOf(overrides)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatchObject({ path, problem: expect.stringMatching(problem) })
    expect(faults[0]!.advice).not.toBe('')
  })

  it('reports every fault at once', () => {
    const bare = createAcIssuer({ key: newKey('p256'), keyIdentifier: null })
    const faults = faultsOf({ vo: '', uri: 'x', maxLifetimeSeconds: 0, issuerCertificates: [bare.der] })
    expect(faults.map(({ path }) => path)).toEqual([
      'name',
      'uri',
      'maxLifetimeSeconds',
      'acCredential.certificate',
      'acCredential.certificate',
    ])
  })
})
