import { formatGeneralizedTime } from '../../native-free/der/time.ts'
import type { ChainRefusal, ReasonCode } from '../../native-free/proxy/types.ts'

type Sentence = string | ((refusal: ChainRefusal) => string)

/**
 * What the client is told of each reason code: it follows "Your certificate was not accepted: ", and no full stop
 * follows it here. Plain words for users; code and detail go to the log. None may hold "User unknown to this VO",
 * "suspended" or "not active", at which clients stop for good.
 */
const SENTENCES: Record<ReasonCode, Sentence> = {
  NO_CLIENT_CERT: 'none was sent',
  SESSION_RESUMED: 'a resumed connection does not show it; please connect anew',
  CHAIN_TOO_LONG: 'too many certificates were sent with it',
  BAD_ENCODING: 'it cannot be read',
  TRUST_NOT_LOADED: 'this server has no list of trusted CAs yet; please try again later',

  PROXY_BAD_PCI: 'a proxy in the chain has a malformed proxy extension',
  PROXY_NAME: 'the name of a proxy in the chain does not follow from the name of its issuer',
  PROXY_ISSUER_NOT_FOUND: 'the certificate that a proxy in the chain was made from was not sent with it',
  PROXY_ISSUER_IS_CA: 'a proxy in the chain was signed by a CA instead of a user',
  PROXY_TYPE_UNSUPPORTED: 'a proxy in the chain is of an old kind; please make an RFC 3820 proxy',
  PROXY_MIXED_TYPES: 'the proxies in the chain are of different kinds',
  PROXY_IS_CA: 'a proxy in the chain claims to be a CA',
  PROXY_HAS_ALTNAME: 'a proxy in the chain has an alternative name',
  PROXY_KEY_USAGE: 'a proxy in the chain may not be used for signatures',
  PROXY_PATHLEN: 'a proxy in the chain was made from one that allows no further proxies',
  PROXY_DEPTH: 'there are too many proxies in the chain',
  PROXY_LANGUAGE_UNKNOWN: 'a proxy in the chain is restricted in a way that this server does not know',
  PROXY_LIMITED_WIDENED: 'a full proxy in the chain was made from a limited one',
  PROXY_LIMITED_REFUSED: 'limited proxies are not accepted here',
  PROXY_INDEPENDENT_REFUSED: 'independent proxies are not accepted here',
  PROXY_EXPIRED: refusal => `a proxy in the chain expired on ${time(refusal, 'notAfter')}`,
  PROXY_NOT_YET_VALID: refusal => `a proxy in the chain is not valid before ${time(refusal, 'notBefore')}`,

  EEC_IS_CA: 'it is the certificate of a CA',
  EEC_VERSION: 'it is not of X.509 version 3',
  EEC_EMPTY_SUBJECT: 'it names no subject',
  EEC_KEY_USAGE: 'it may not be used for signatures',
  EEC_EKU: 'it may not be used by clients',
  EEC_EXPIRED: refusal => `it expired on ${time(refusal, 'notAfter')}`,
  EEC_NOT_YET_VALID: refusal => `it is not valid before ${time(refusal, 'notBefore')}`,
  DN_UNSAFE: 'its subject holds characters that make it ambiguous',

  SIGNATURE_INVALID: 'a signature in its chain is wrong',
  CRITICAL_EXTENSION: 'it has a critical extension that this server does not know',
  WEAK_SIGNATURE: 'a signature in its chain is of a kind that is too weak',
  WEAK_KEY: 'a key in its chain is too weak',
  UNSUPPORTED_ALGORITHM: 'its chain uses an algorithm that this server does not know',

  UNKNOWN_CA: 'its CA is not trusted here',
  INTERMEDIATE_NOT_INSTALLED: 'an intermediate CA of it is not installed here',
  CA_NOT_CA: 'it was signed by something that is not a CA',
  CA_KEY_USAGE: 'its CA may not sign certificates',
  CA_PATHLEN: 'its CA is further from the root than the root allows',
  CA_NAME_CONSTRAINTS: 'its CA may not certify this name',
  CA_EXPIRED: refusal => `the certificate of its CA expired on ${time(refusal, 'notAfter')}`,
  CA_NOT_YET_VALID: refusal => `the certificate of its CA is not valid before ${time(refusal, 'notBefore')}`,

  NAMESPACE_MISSING: 'no signing policy of its CA is installed here',
  NAMESPACE_DENIED: 'its CA is not trusted here for this name',
  NAMESPACE_FILE_BAD: 'the signing policy of its CA cannot be read here',

  CRL_MISSING: 'no revocation list of its CA is installed here',
  CRL_UNREADABLE: 'the revocation list of its CA cannot be read here',
  CRL_SIGNATURE: 'the signature on the revocation list of its CA is wrong',
  CRL_UNSUPPORTED: 'the revocation list of its CA is of a kind that this server does not know',
  CRL_NOT_YET_VALID: 'the revocation list of its CA is not valid yet',
  CRL_EXPIRED: 'the revocation list of its CA is out of date here',
  REVOKED: 'it was revoked by its CA',
}

/** All reason codes, in the catalogue's order. */
export const REASON_CODES = Object.keys(SENTENCES) as readonly ReasonCode[]

/** The plain-English reason for the client, without a full stop; nothing of `detail` is in it. */
export function sentenceFor(refusal: ChainRefusal): string {
  const sentence = SENTENCES[refusal.reason]
  return typeof sentence === 'string' ? sentence : sentence(refusal)
}

/** The end of the refused certificate's validity. */
function time({ certificate }: ChainRefusal, end: 'notBefore' | 'notAfter'): string {
  return certificate === undefined ? 'an unknown date' : utc(certificate[end])
}

/** Seconds since the epoch as YYYY-MM-DD hh:mm:ss UTC. */
function utc(seconds: number): string {
  return formatGeneralizedTime(seconds).replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3 $4:$5:$6 UTC')
}
