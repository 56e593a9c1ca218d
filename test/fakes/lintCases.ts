import {
  bitString,
  boolean,
  explicit,
  generalizedTime,
  implicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  set,
  tlv,
  utcTime,
} from '../../native-free/der/writer.ts'
import { lintExpectations } from '../../native-free/lint/lintExpectations.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { seconds } from '../pki/moment.ts'
import { acCa, keyHash } from './acIssuer.ts'
import { NOW } from './grant.ts'
import * as raw from './rawAc.ts'

/** What the vectors under test/vectors/lint are judged by. */
export const LINT_EXPECTATIONS = lintExpectations({
  vo: 'vo.0',
  uri: 'voms.test.example:15000',
  maxLifetimeSeconds: 86_400,
  key: 'rsa',
  digest: 'sha256',
  issuer: parseCertificate(raw.rawIssuer.der),
  issuerKeyHash: keyHash(raw.rawIssuer.key),
})

const [certseq, noRevAvail, keyId] = raw.GOOD_EXTENSIONS as [Uint8Array, Uint8Array, Uint8Array]
const authority = raw.policyAuthority(raw.AUTHORITY)
const fqan = raw.fqanValues('/vo.0')
const more = (...extensions: Uint8Array[]) =>
  raw.rawTbs({ extensions: [...raw.GOOD_EXTENSIONS, ...extensions] })
const only = (...extensions: Uint8Array[]) => raw.rawTbs({ extensions })
const fqans = (...texts: string[]) => attribute(authority, ...raw.fqanValues(...texts))
const attribute = (policyAuthority: Uint8Array, ...values: Uint8Array[]) =>
  raw.rawTbs({ attributes: sequence(raw.attributeOf(policyAuthority, ...values)) })
const validity = (...times: Uint8Array[]) => raw.rawTbs({ validity: sequence(...times) })
const names = raw.directoryName(raw.HOLDER_NAME)
const holder = (...parts: Uint8Array[]) =>
  raw.rawTbs({ holder: sequence(implicit(0, Buffer.concat(parts), true)) })
const provider = (...attributes: Uint8Array[]) =>
  more(raw.fullAttributes(raw.provider(raw.AUTHORITY, ...attributes)))
const good = raw.genericAttribute('n', 'v', 'vo.0')
const octets = (text: string) => octetString(raw.bytes(text))
const critical = (id: string, value: Uint8Array) => raw.extension(id, value, true)
const changed = (tbs: Uint8Array, at: number, octet: number) =>
  Uint8Array.from(tbs, (o, i) => (i === at ? octet : o))
const ISSUER_END = seconds('2034-01-01T00:00:00Z')

/** For each rule, to-be-signed bytes named for what is right or wrong with them. */
export const LINT_CASES: Readonly<Record<string, Readonly<Record<string, () => Uint8Array>>>> = {
  'well-formed': {
    'good-plain': () => raw.rawTbs(),
    'bad-empty': () => new Uint8Array(),
    'bad-trailing-octet': () => Buffer.concat([raw.rawTbs(), Uint8Array.of(0)]),
    'bad-two-elements': () => Buffer.concat([raw.rawTbs(), nullValue()]),
    'bad-cut-short': () => raw.rawTbs().subarray(0, 400),
    'bad-indefinite-length': () => changed(raw.rawTbs(), 1, 0x80),
    'bad-padded-length': () => Buffer.concat([Uint8Array.of(0x30, 0x83, 0), raw.rawTbs().subarray(2)]),
    'bad-padded-integer': () => raw.rawTbs({ serialNumber: tlv(0x02, new Uint8Array(12)) }),
    'bad-boolean': () =>
      only(certseq, noRevAvail, keyId, sequence(oid('1.2.3'), tlv(0x01, Uint8Array.of(1)), octets(''))),
    'bad-null': () =>
      raw.rawTbs({ signature: sequence(oid('1.2.840.113549.1.1.11'), tlv(0x05, Uint8Array.of(0))) }),
    'bad-oid': () => raw.rawTbs({ signature: sequence(tlv(0x06, Uint8Array.of(0x80, 1)), nullValue()) }),
    'bad-extension-value': () => more(raw.extension('1.2.3', Uint8Array.of(0x30, 5))),
    'bad-time': () => validity(generalizedTime(NOW), tlv(0x18, raw.bytes('20261305120000Z'))),
    'bad-fraction-of-a-second': () =>
      validity(generalizedTime(NOW), tlv(0x18, raw.bytes('20261005130000.5Z'))),
    'bad-tag-of-two-octets': () => more(raw.extension('1.2.3', Uint8Array.of(0x1f, 0x22, 0))),
    'bad-depth': () =>
      more(
        raw.extension(
          '1.2.3',
          Array.from({ length: 20 }).reduce<Uint8Array>(der => sequence(der), nullValue()),
        ),
      ),
  },
  layout: {
    'good-plain': () => raw.rawTbs(),
    'bad-empty-sequence': () => sequence(),
    'bad-not-a-sequence': () => octetString(raw.rawTbs()),
    'bad-v1-issuer': () => raw.rawTbs({ issuer: raw.directoryName(raw.rawIssuer.subject) }),
    'bad-issuer-unique-id': () => raw.rawTbs({ issuerUniqueId: bitString(Uint8Array.of(1)) }),
    'bad-field-after-extensions': () => sequence(raw.rawTbs().subarray(4), nullValue()),
    'bad-no-extensions': () => {
      const tbs = raw.rawTbs()
      return sequence(tbs.subarray(4, tbs.length - sequence(...raw.GOOD_EXTENSIONS).length))
    },
    'bad-critical-false': () => more(sequence(oid('1.2.3'), boolean(false), octets(''))),
    'bad-extension-of-another-tag': () => more(explicit(3, Buffer.concat([oid('1.2.3'), octets('')]))),
    'bad-extension-without-value': () => more(sequence(oid('1.2.3'))),
    'bad-extension-with-more': () => more(sequence(oid('1.2.3'), octets(''), nullValue())),
  },
  version: {
    'good-v2': () => raw.rawTbs(),
    'bad-v1': () => raw.rawTbs({ version: integer(0) }),
    'bad-v3': () => raw.rawTbs({ version: integer(2) }),
    'bad-two-octets': () => raw.rawTbs({ version: integer(0x100) }),
  },
  holder: {
    'good-subject-and-serial': () => raw.rawTbs(),
    'bad-empty': () => raw.rawTbs({ holder: sequence() }),
    'bad-entity-name': () =>
      raw.rawTbs({ holder: sequence(implicit(1, explicit(4, raw.HOLDER_NAME), true)) }),
    'bad-two-parts': () =>
      raw.rawTbs({
        holder: sequence(
          implicit(0, Buffer.concat([names, integer(1)]), true),
          implicit(1, explicit(4, raw.HOLDER_NAME), true),
        ),
      }),
    'bad-two-names': () =>
      holder(sequence(explicit(4, raw.HOLDER_NAME), explicit(4, raw.HOLDER_NAME)), integer(1)),
    'bad-host-name': () => holder(sequence(tlv(0x82, raw.bytes('h'))), integer(1)),
    'bad-empty-name': () => holder(raw.directoryName(sequence()), integer(1)),
    'bad-no-serial': () => holder(names),
    'bad-serial-octets': () => holder(names, octets('1')),
    'bad-issuer-uid': () => holder(names, integer(1), bitString(Uint8Array.of(1))),
  },
  issuer: {
    'good-subject': () => raw.rawTbs(),
    'bad-other-name': () => raw.rawTbs({ issuer: implicit(0, raw.directoryName(raw.HOLDER_NAME), true) }),
    'bad-two-names': () =>
      raw.rawTbs({
        issuer: implicit(
          0,
          sequence(explicit(4, raw.rawIssuer.subject), explicit(4, raw.rawIssuer.subject)),
          true,
        ),
      }),
    'bad-base-certificate-id': () =>
      raw.rawTbs({
        issuer: implicit(
          0,
          Buffer.concat([
            raw.directoryName(raw.rawIssuer.subject),
            implicit(0, Buffer.concat([names, integer(1)]), true),
          ]),
          true,
        ),
      }),
  },
  'signature-algorithm': {
    'good-rsa-sha256': () => raw.rawTbs(),
    'bad-sha1': () => raw.rawTbs({ signature: sequence(oid('1.2.840.113549.1.1.5'), nullValue()) }),
    'bad-other-digest': () => raw.rawTbs({ signature: sequence(oid('1.2.840.113549.1.1.13'), nullValue()) }),
    'bad-no-parameters': () => raw.rawTbs({ signature: sequence(oid('1.2.840.113549.1.1.11')) }),
    'bad-ecdsa': () => raw.rawTbs({ signature: sequence(oid('1.2.840.10045.4.3.2')) }),
  },
  'serial-number': {
    'good-128-bits': () => raw.rawTbs(),
    'good-64-bits': () => raw.rawTbs({ serialNumber: integer(0xf000_0000_0000_0000n) }),
    'good-20-octets': () => raw.rawTbs({ serialNumber: integer(2n ** 158n) }),
    'bad-negative': () => raw.rawTbs({ serialNumber: integer(-(2n ** 100n)) }),
    'bad-21-octets': () => raw.rawTbs({ serialNumber: integer(2n ** 159n) }),
    'bad-56-bits': () => raw.rawTbs({ serialNumber: integer(0xf0_0000_0000_0000n) }),
    'bad-zero': () => raw.rawTbs({ serialNumber: integer(0) }),
  },
  validity: {
    'good-one-second': () => validity(generalizedTime(NOW), generalizedTime(NOW + 1)),
    'good-maximum': () => validity(generalizedTime(NOW), generalizedTime(NOW + 86_400)),
    'good-until-the-issuer-ends': () =>
      validity(generalizedTime(ISSUER_END - 60), generalizedTime(ISSUER_END)),
    'bad-no-time-at-all': () => validity(generalizedTime(NOW), generalizedTime(NOW)),
    'bad-backwards': () => validity(generalizedTime(NOW), generalizedTime(NOW - 1)),
    'bad-above-maximum': () => validity(generalizedTime(NOW), generalizedTime(NOW + 86_401)),
    'bad-outlives-issuer': () => validity(generalizedTime(ISSUER_END - 60), generalizedTime(ISSUER_END + 1)),
    'bad-utc-time': () => validity(utcTime(NOW), utcTime(NOW + 60)),
    'bad-one-time': () => validity(generalizedTime(NOW)),
    'bad-three-times': () =>
      validity(generalizedTime(NOW), generalizedTime(NOW + 1), generalizedTime(NOW + 2)),
  },
  attributes: {
    'good-one': () => raw.rawTbs(),
    'bad-none': () => raw.rawTbs({ attributes: sequence() }),
    'bad-two': () =>
      raw.rawTbs({
        attributes: sequence(raw.attributeOf(authority, ...fqan), raw.attributeOf(authority, ...fqan)),
      }),
    'bad-other-type': () =>
      raw.rawTbs({
        attributes: sequence(sequence(oid('1.2.3'), set(sequence(authority, sequence(...fqan))))),
      }),
    'bad-two-values': () =>
      raw.rawTbs({
        attributes: sequence(
          sequence(
            oid(raw.OIDS.fqans),
            set(sequence(authority, sequence(...fqan)), sequence(authority, sequence(...fqan))),
          ),
        ),
      }),
    'bad-value-with-more': () =>
      raw.rawTbs({
        attributes: sequence(
          sequence(oid(raw.OIDS.fqans), set(sequence(authority, sequence(...fqan), nullValue()))),
        ),
      }),
    'bad-values-not-a-set': () =>
      raw.rawTbs({
        attributes: sequence(sequence(oid(raw.OIDS.fqans), sequence(sequence(authority, sequence(...fqan))))),
      }),
  },
  'policy-authority': {
    'good-vo-host-port': () => raw.rawTbs(),
    'bad-no-port': () => attribute(raw.policyAuthority('vo.0://voms.test.example'), ...fqan),
    'bad-other-vo': () => attribute(raw.policyAuthority('vo.1://voms.test.example:15000'), ...fqan),
    'bad-two': () =>
      attribute(implicit(0, Buffer.concat([raw.uri(raw.AUTHORITY), raw.uri(raw.AUTHORITY)]), true), ...fqan),
    'bad-host-name': () => attribute(implicit(0, tlv(0x82, raw.bytes(raw.AUTHORITY)), true), ...fqan),
  },
  fqans: {
    'good-long': () => fqans('/vo.0/Role=NULL/Capability=NULL', '/vo.0/G1/Role=R1/Capability=NULL'),
    'good-short': () => fqans('/vo.0', '/vo.0/G1', '/vo.0/G1/Role=R1', '/vo.0/a/b/c/d'),
    'good-783-octets': () =>
      fqans(`/vo.0/${'g'.repeat(255)}/${'h'.repeat(255)}/${'i'.repeat(246)}/Role=R1/C`.slice(0, -2)),
    'bad-none': () => attribute(authority),
    'bad-other-vo': () => fqans('/vo.1'),
    'bad-second-of-other-vo': () => fqans('/vo.0', '/vo.1/G'),
    'bad-vo-that-begins-the-same': () => fqans('/vo.00'),
    'bad-no-slash': () => fqans('vo.0'),
    'bad-empty': () => fqans(''),
    'bad-empty-group': () => fqans('/vo.0//G'),
    'bad-slash-at-the-end': () => fqans('/vo.0/'),
    'bad-blank': () => fqans('/vo.0/a b'),
    'bad-newline': () => fqans('/vo.0\n/x'),
    'bad-nul': () => fqans('/vo.0/a\0'),
    'bad-beyond-ascii': () => fqans('/vo.0/é'),
    'bad-empty-role': () => fqans('/vo.0/Role='),
    'bad-two-roles': () => fqans('/vo.0/Role=a/Role=b'),
    'bad-group-after-role': () => fqans('/vo.0/Role=a/b'),
    'bad-role-after-capability': () => fqans('/vo.0/Capability=NULL/Role=a'),
    'bad-capability': () => fqans('/vo.0/Role=a/Capability=x'),
    'bad-other-key': () => fqans('/vo.0/Group=a'),
    'bad-equals-in-role': () => fqans('/vo.0/Role=a=b'),
    'bad-not-an-octet-string': () => attribute(authority, tlv(0x0c, raw.bytes('/vo.0'))),
  },
  'generic-attributes': {
    'good-two': () => provider(good, raw.genericAttribute('m', '', '/vo.0/G1/Role=R1')),
    'good-absent': () => raw.rawTbs(),
    'bad-empty-name': () => provider(raw.genericAttribute('', 'v', 'vo.0')),
    'bad-empty-qualifier': () => provider(good, raw.genericAttribute('n', 'v', '')),
    'bad-no-qualifier': () => provider(sequence(octets('n'), octets('v'))),
    'bad-four-parts': () => provider(sequence(octets('n'), octets('v'), octets('q'), octets('x'))),
    'bad-string-type': () => provider(sequence(tlv(0x0c, raw.bytes('n')), octets('v'), octets('q'))),
    'bad-no-attribute': () => provider(),
    'bad-other-grantor': () => more(raw.fullAttributes(raw.provider('vo.1://voms.test.example:15000', good))),
    'bad-two-providers': () =>
      more(raw.fullAttributes(raw.provider(raw.AUTHORITY, good), raw.provider(raw.AUTHORITY, good))),
    'bad-no-provider': () => more(raw.fullAttributes()),
    'bad-empty-value': () => more(raw.extension(raw.OIDS.fullAttributes, new Uint8Array())),
    'bad-critical': () =>
      more(critical(raw.OIDS.fullAttributes, sequence(sequence(raw.provider(raw.AUTHORITY, good))))),
  },
  certseq: {
    'good-issuer': () => raw.rawTbs(),
    'good-issuer-and-ca': () => only(raw.certseq(raw.rawIssuer.der, acCa.der), noRevAvail, keyId),
    'bad-absent': () => only(noRevAvail, keyId),
    'bad-critical': () =>
      only(critical(raw.OIDS.certseq, sequence(sequence(raw.rawIssuer.der))), noRevAvail, keyId),
    'bad-other-certificate': () => only(raw.certseq(acCa.der), noRevAvail, keyId),
    'bad-ca-first': () => only(raw.certseq(acCa.der, raw.rawIssuer.der), noRevAvail, keyId),
    'bad-one-sequence': () =>
      only(raw.extension(raw.OIDS.certseq, sequence(raw.rawIssuer.der)), noRevAvail, keyId),
    'bad-seventeen': () =>
      only(raw.certseq(raw.rawIssuer.der, ...Array(16).fill(sequence())), noRevAvail, keyId),
    'bad-second-of-another-tag': () =>
      only(raw.certseq(raw.rawIssuer.der, tlv(0x14, acCa.der.subarray(4))), noRevAvail, keyId),
    'bad-octets-after-the-first': () =>
      only(raw.certseq(raw.rawIssuer.der, Uint8Array.of(0x30, 5, 0)), noRevAvail, keyId),
    'bad-no-certificate': () => only(raw.certseq(), noRevAvail, keyId),
    'bad-padded-length-inside': () => {
      const list = sequence(raw.rawIssuer.der)
      const padded = Buffer.concat([Uint8Array.of(0x30, 0x83, 0), list.subarray(2)])
      return only(raw.extension(raw.OIDS.certseq, sequence(padded)), noRevAvail, keyId)
    },
    'bad-octets-after-it': () =>
      only(
        raw.extension(raw.OIDS.certseq, Buffer.concat([sequence(sequence(raw.rawIssuer.der)), nullValue()])),
        noRevAvail,
        keyId,
      ),
    'bad-empty': () => only(raw.extension(raw.OIDS.certseq, new Uint8Array()), noRevAvail, keyId),
  },
  'no-rev-avail': {
    'good-null': () => raw.rawTbs(),
    'bad-absent': () => only(certseq, keyId),
    'bad-critical': () => only(certseq, critical(raw.OIDS.noRevAvail, nullValue()), keyId),
    'bad-not-null': () => only(certseq, raw.extension(raw.OIDS.noRevAvail, sequence()), keyId),
    'bad-empty': () => only(certseq, raw.extension(raw.OIDS.noRevAvail, new Uint8Array()), keyId),
  },
  'authority-key-identifier': {
    'good-sha1-of-key': () => raw.rawTbs(),
    'bad-absent': () => only(certseq, noRevAvail),
    'bad-critical': () => only(certseq, noRevAvail, raw.keyId(keyHash(raw.rawIssuer.key), true)),
    'bad-other-key': () => only(certseq, noRevAvail, raw.keyId(keyHash(acCa.key))),
    'bad-8-octets': () => only(certseq, noRevAvail, raw.keyId(keyHash(raw.rawIssuer.key).subarray(12))),
    'bad-serial-too': () =>
      only(
        certseq,
        noRevAvail,
        raw.extension(
          raw.OIDS.authorityKeyIdentifier,
          sequence(implicit(0, keyHash(raw.rawIssuer.key)), implicit(2, Uint8Array.of(1))),
        ),
      ),
  },
  targets: {
    'good-two': () => more(raw.targets(true, raw.target('a.example'), raw.target('b.example'))),
    'good-absent': () => raw.rawTbs(),
    'bad-not-critical': () => more(raw.targets(false, raw.target('a.example'))),
    'bad-rfc-form': () => more(raw.targets(true, explicit(0, raw.uri('a.example')))),
    'bad-none': () => more(raw.targets(true)),
    'bad-empty-uri': () => more(raw.targets(true, raw.target(''))),
    'bad-blank-in-uri': () => more(raw.targets(true, raw.target('a.example b.example'))),
    'bad-host-name': () => more(raw.targets(true, sequence(explicit(0, tlv(0x82, raw.bytes('a')))))),
    'bad-two-in-one': () =>
      more(raw.targets(true, sequence(explicit(0, raw.uri('a')), explicit(0, raw.uri('b'))))),
  },
  'critical-extensions': {
    'good-targets': () => more(raw.targets(true, raw.target('a.example'))),
    'bad-unknown': () => more(critical('1.2.3', nullValue())),
  },
  'duplicate-extensions': {
    'good-none': () => raw.rawTbs(),
    'good-oids-that-begin-the-same': () =>
      more(raw.extension('1.2.3', nullValue()), raw.extension('1.2.3.4', nullValue())),
    'bad-no-rev-avail-twice': () => more(noRevAvail),
    'bad-unknown-twice': () => more(raw.extension('1.2.3', nullValue()), raw.extension('1.2.3', nullValue())),
  },
}
