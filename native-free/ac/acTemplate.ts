import { concatBytes } from '../bytes/concat.ts'
import { latin1ToBytes } from '../bytes/latin1.ts'
import { explicit, implicit, nullValue, octetString, oid, sequence } from '../der/writer.ts'
import { parseCertificate } from '../x509/parseCertificate.ts'
import { refuseAc } from './acCode.ts'
import { OID_AUTHORITY_KEY_IDENTIFIER, OID_CERTSEQ, OID_NO_REV_AVAIL } from './oids.ts'
import { type SignatureAlgorithm, signatureAlgorithm } from './signatureAlgorithms.ts'
import type { AcTemplateInput } from './types.ts'

/** The parts of an AC that are the same for every AC of one VO and AC issuer, as ready DER. Made by acTemplate() only. */
export interface AcTemplate {
  readonly algorithm: SignatureAlgorithm
  /** AttCertIssuer (v2Form, the AC issuer's subject) and the AlgorithmIdentifier, which follows it. */
  readonly issuerAndAlgorithm: Uint8Array
  /** policyAuthority: [0] with the one URI. */
  readonly policyAuthority: Uint8Array
  /** The same URI as universal SEQUENCE: the grantor of generic attributes. */
  readonly grantor: Uint8Array
  /** The extensions certseq, noRevAvail and authorityKeyIdentifier. */
  readonly extensions: Uint8Array
}

/**
 * Computes the constant parts once. Refuses an AC issuer whose certificate cannot be read, has no 20-octet
 * SubjectKeyIdentifier, or has a key that no AC can be signed with, and a VO or uri that is not ASCII.
 */
export function acTemplate(input: AcTemplateInput): AcTemplate {
  const [first] = input.issuerCertificates
  if (first === undefined) throw refuseAc('AC_ISSUER', 'no certificate of the AC issuer')
  const issuer = parseCertificate(first)
  const keyId = issuer.subjectKeyIdentifier
  if (keyId?.length !== 20) throw refuseAc('AC_ISSUER', 'the AC issuer has no 20-octet SubjectKeyIdentifier')
  const kind = issuer.key.kind
  if (kind !== 'rsa' && kind !== 'ec')
    throw refuseAc('AC_ISSUER', 'the AC issuer has neither an RSA nor an EC key')
  const algorithm = signatureAlgorithm(kind, input.digest)
  const authority = policyAuthorityUri(`${input.vo}://${input.uri}`)
  return {
    algorithm,
    issuerAndAlgorithm: concatBytes(
      implicit(0, sequence(explicit(4, issuer.subject.der)), true),
      algorithm.der,
    ),
    policyAuthority: implicit(0, authority, true),
    grantor: sequence(authority),
    extensions: concatBytes(
      extension(OID_CERTSEQ, sequence(sequence(...input.issuerCertificates))),
      extension(OID_NO_REV_AVAIL, nullValue()),
      extension(OID_AUTHORITY_KEY_IDENTIFIER, sequence(implicit(0, keyId))),
    ),
  }
}

/** GeneralName [6]: an IA5String that no client could take apart wrongly. */
function policyAuthorityUri(uri: string): Uint8Array {
  if (!/^[\x21-\x7e]+$/.test(uri)) {
    throw refuseAc('AC_TEXT', 'policyAuthority has a character outside printable ASCII')
  }
  return implicit(6, latin1ToBytes(uri))
}

function extension(dotted: string, value: Uint8Array): Uint8Array {
  return sequence(oid(dotted), octetString(value))
}
