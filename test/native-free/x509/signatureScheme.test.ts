import { describe, expect, it } from 'vitest'
import { explicit, integer, nullValue, oid, sequence } from '../../../native-free/der/writer.ts'
import { signatureScheme } from '../../../native-free/x509/signatureScheme.ts'

const PSS = '1.2.840.113549.1.1.10'
const SHA1 = '1.3.14.3.2.26'
const SHA256 = '2.16.840.1.101.3.4.2.1'
const SHA384 = '2.16.840.1.101.3.4.2.2'
const MGF1 = '1.2.840.113549.1.1.8'

function pss(parts: { hash?: string; mask?: string; mgf?: string; salt?: number; trailer?: number }) {
  const { hash, mask, mgf = MGF1, salt, trailer } = parts
  const algorithm = (id: string) => sequence(oid(id), nullValue())
  const parameters = sequence(
    ...(hash === undefined ? [] : [explicit(0, algorithm(hash))]),
    ...(mask === undefined ? [] : [explicit(1, sequence(oid(mgf), algorithm(mask)))]),
    ...(salt === undefined ? [] : [explicit(2, integer(salt))]),
    ...(trailer === undefined ? [] : [explicit(3, integer(trailer))]),
  )
  return { oid: PSS, der: sequence(oid(PSS), parameters) }
}
const named = (id: string) => ({ oid: id, der: sequence(oid(id)) })

describe('the scheme of a signature', () => {
  it.each([
    ['RSA with SHA-256', named('1.2.840.113549.1.1.11'), { kind: 'rsa', hash: 'SHA-256' }],
    ['ECDSA with SHA-384', named('1.2.840.10045.4.3.3'), { kind: 'ecdsa', hash: 'SHA-384' }],
    ['Ed25519', named('1.3.101.112'), { kind: 'ed25519' }],
    ['RSA with MD5', named('1.2.840.113549.1.1.4'), 'weak'],
    ['RSA with SHA-1', named('1.2.840.113549.1.1.5'), 'weak'],
    ['ECDSA with SHA-1', named('1.2.840.10045.4.1'), 'weak'],
    ['DSA with SHA-256', named('2.16.840.1.101.3.4.3.2'), 'unsupported'],
    ['an OID that nobody knows', named('1.2.3'), 'unsupported'],
    [
      'PSS with SHA-256',
      pss({ hash: SHA256, mask: SHA256, salt: 32 }),
      { kind: 'rsa-pss', hash: 'SHA-256', saltLength: 32 },
    ],
    [
      'PSS with the default salt',
      pss({ hash: SHA256, mask: SHA256 }),
      { kind: 'rsa-pss', hash: 'SHA-256', saltLength: 20 },
    ],
    [
      'PSS with the trailer spelled out',
      pss({ hash: SHA256, mask: SHA256, salt: 0, trailer: 1 }),
      { kind: 'rsa-pss', hash: 'SHA-256', saltLength: 0 },
    ],
    ['PSS with defaults, which are SHA-1', pss({}), 'weak'],
    ['PSS with SHA-1', pss({ hash: SHA1, mask: SHA1, salt: 20 }), 'weak'],
    ['PSS with a salt longer than the hash', pss({ hash: SHA256, mask: SHA256, salt: 33 }), 'unsupported'],
    ['PSS with another hash in the mask', pss({ hash: SHA256, mask: SHA384, salt: 32 }), 'unsupported'],
    ['PSS with the default mask', pss({ hash: SHA256, salt: 32 }), 'unsupported'],
    [
      'PSS with another mask generator',
      pss({ hash: SHA256, mask: SHA256, mgf: '1.2.3', salt: 32 }),
      'unsupported',
    ],
    ['PSS with another trailer', pss({ hash: SHA256, mask: SHA256, salt: 32, trailer: 2 }), 'unsupported'],
    ['PSS with a negative salt', pss({ hash: SHA256, mask: SHA256, salt: -1 }), 'unsupported'],
    ['PSS without parameters', named(PSS), 'unsupported'],
  ])('%s', (_, algorithm, expected) => {
    expect(signatureScheme(algorithm)).toEqual(expected)
  })
})
