import { sign } from 'node:crypto'
import { assemble } from '../../native-free/ac/assemble.ts'
import { encodeTbs } from '../../native-free/ac/encodeTbs.ts'
import type { AcContent } from '../../native-free/ac/types.ts'
import { createProfile } from '../../src/issue/profile.ts'
import type { ProfileConfig } from '../../src/issue/types.ts'
import { nameDer } from '../pki/distinguishedName.ts'
import { createAcIssuer, profileConfig } from './acIssuer.ts'
import { fixedSerials, NOW } from './grant.ts'

// The cases behind test/vectors/ac: everything fixed, so that each run gives the same bytes.

export const goldenIssuer = createAcIssuer()

const CONTENT: AcContent = {
  holderName: nameDer('/C=IT/O=IGI/CN=test0'),
  holderSerial: Uint8Array.of(0x10, 0x03),
  serial: fixedSerials.next(),
  notBefore: NOW,
  notAfter: NOW + 43_200,
  fqans: [
    '/vo.0/Role=NULL/Capability=NULL',
    '/vo.0/G1/Role=NULL/Capability=NULL',
    '/vo.0/G2/Role=NULL/Capability=NULL',
    '/vo.0/G2/G3/Role=NULL/Capability=NULL',
  ],
  attributes: [],
  targets: [],
}

interface GoldenCase {
  readonly content?: Partial<AcContent>
  readonly profile?: Partial<ProfileConfig>
}

const longGroup = `/vo.0/${'g'.repeat(250)}`

export const GOLDEN_CASES: Readonly<Record<string, GoldenCase>> = {
  'long-fqans': {},
  'short-fqans': { content: { fqans: ['/vo.0/G1/Role=R1', '/vo.0', '/vo.0/G1'] } },
  'generic-attributes': {
    content: {
      attributes: [
        { name: 'group', value: 'g1', qualifier: '/vo.0/G1' },
        { name: 'nick', value: 'tést', qualifier: 'vo.0' },
        { name: 'empty', value: '', qualifier: '/vo.0/G1/Role=R1' },
      ],
    },
  },
  targets: { content: { targets: ['a.example', 'b.example'] } },
  everything: {
    profile: { digest: 'sha512' },
    content: {
      attributes: [{ name: 'nick', value: 'v'.repeat(255), qualifier: 'vo.0' }],
      targets: ['a.example'],
      fqans: [longGroup, `${longGroup}/${'h'.repeat(255)}/Role=R1`, '/vo.0'],
    },
  },
  sha384: { profile: { digest: 'sha384' } },
  'serial-without-sign-octet': {
    content: { serial: Uint8Array.from(CONTENT.serial, (o, i) => (i ? o : 0x70)) },
  },
  'serial-with-zero-octets': {
    content: { serial: Uint8Array.from(CONTENT.serial, (o, i) => (i > 1 ? o : 0)) },
  },
  'multi-valued-holder': {
    content: {
      holderName: nameDer([
        { type: 'DC', value: 'org' },
        [
          { type: 'CN', value: 'Müller', string: 't61' },
          { type: 'UID', value: '7' },
        ],
      ]),
      holderSerial: Uint8Array.of(0x00, 0xff, 0, 0, 0, 0, 0, 0, 1),
    },
  },
}

/** The to-be-signed bytes and the AC of a case; RSA PKCS#1 v1.5 gives the same signature each time. */
export function makeGolden(name: string): { content: AcContent; tbs: Uint8Array; ac: Uint8Array } {
  const { content: overrides, profile: config } = GOLDEN_CASES[name]!
  const profile = createProfile(profileConfig(goldenIssuer, config))
  const content = { ...CONTENT, ...overrides }
  const tbs = encodeTbs(profile.template, content)
  const signature = sign(profile.algorithm.digest, tbs, goldenIssuer.key.privateKey)
  return { content, tbs, ac: assemble(tbs, profile.algorithm, signature) }
}
