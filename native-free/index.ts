/**
 * The portable core of vouchd: attribute certificates, proxy chains, FQANs, DNs, and both VOMS protocols, on
 * `Uint8Array` alone. It needs nothing of Node and runs in a browser; cryptography comes in as a WebCrypto
 * argument or as a callback. Whatever it refuses, it refuses with a `Refusal` and a stable code.
 */

// Attribute certificates (RFC 5755 with the VOMS profile)
export { type AcTemplate, acTemplate } from './ac/acTemplate.ts'
export { assemble } from './ac/assemble.ts'
export { decodeAc } from './ac/decodeAc.ts'
export { encodeTbs } from './ac/encodeTbs.ts'
export { encodeAcExtension, extractAcs } from './ac/extractAcs.ts'
export type {
  AcContent,
  AcDigest,
  AcTemplateInput,
  AttributeCertificate,
  GenericAttribute,
} from './ac/types.ts'
export { type AcFault, type AcSubtle, type AcVerdict, type VerifyAcOptions, verifyAc } from './ac/verifyAc.ts'
export { fromBase64, toBase64, toBase64Lines } from './bytes/base64.ts'
export { fromHex, toHex } from './bytes/hex.ts'
// DER and the plain encodings beneath, for who builds on the core
export { DerReader } from './der/reader.ts'
export * as derWriter from './der/writer.ts'
export { keyOfName } from './dn/keyOfName.ts'
export { keyOfString } from './dn/keyOfString.ts'
export { nameFromOneline } from './dn/nameFromOneline.ts'
// DNs as text
export { onelineF0, onelineF1 } from './dn/oneline.ts'
export { parseOneline, type TextAva } from './dn/parseOneline.ts'
export { onelineFromRfc2253, toRfc2253 } from './dn/rfc2253.ts'
export { dnSpellings, rowMatches } from './dn/spellings.ts'
export { unsafeName } from './dn/unsafeName.ts'
// FQANs
export { type Fqan, type FqanForm, formatFqan, parseFqan } from './fqan/fqan.ts'
export { issueOrder } from './fqan/issueOrder.ts'
export { isWithinVo } from './fqan/isWithinVo.ts'
export { shortForm } from './fqan/shortForm.ts'
export {
  type LintExpectations,
  type LintExpectationsInput,
  lintExpectations,
} from './lint/lintExpectations.ts'
export type { LintFinding } from './lint/lintRule.ts'
export { lintTbs } from './lint/lintTbs.ts'
export { parseNamespaces } from './policy/parseNamespaces.ts'
export { parseSigningPolicy } from './policy/parseSigningPolicy.ts'
export { assembleCertificate, encodeProxyTbs, type ProxyContent } from './proxy/encodeProxy.ts'
export { type CertificateKind, kindOf } from './proxy/kindOf.ts'
export { type ProxyCertInfo, parseProxyCertInfo } from './proxy/proxyCertInfo.ts'
// Proxies and chains (RFC 3820, RFC 5280 6.1), namespaces and revocation
export { runAsync, runSync, type SignatureQuestion } from './proxy/signatureQuestion.ts'
export type {
  ChainAcceptance,
  ChainPolicy,
  ChainRefusal,
  ChainVerdict,
  PolicyFile,
  PolicyRule,
  ProxyKind,
  ReasonCode,
  TrustedCa,
  TrustedCrl,
  TrustSnapshot,
} from './proxy/types.ts'
export { type ChainInput, validateChain } from './proxy/validateChain.ts'
export { Refusal } from './refusal.ts'
export { checkRevocation } from './revocation/checkRevocation.ts'
// Where servers are, and whose ACs are believed
export { formatLsc, type LscChain, type LscPair, lscReadings, parseLsc } from './vomses/lsc.ts'
export { formatVomsesLine, parseVomses, parseVomsesLine, type VomsesEntry } from './vomses/vomses.ts'
export { buildRestRequest, formatRestRequest, type RestRequest } from './wire/buildRestRequest.ts'
// Both protocols, both directions
export { type FirstBytes, firstBytes } from './wire/firstBytes.ts'
export { formatLegacyAnswer, parseLegacyAnswer } from './wire/legacyAnswer.ts'
export { formatLegacyRequest, LegacyRequestReader, parseLegacyRequest } from './wire/legacyRequest.ts'
export { parseRestQuery } from './wire/parseRestQuery.ts'
export { formatRestAnswer, parseRestAnswer } from './wire/restAnswer.ts'
export type {
  AcRequest,
  Command,
  IssueAnswer,
  IssueRequest,
  OrderEntry,
  ReceivedAnswer,
  Warning,
  WireError,
} from './wire/types.ts'
export { fromVoms64, toVoms64 } from './wire/voms64.ts'
export { type Certificate, type Extension, KEY_USAGE, type KeyFacts } from './x509/certificate.ts'
export type { Crl } from './x509/crl.ts'
export { type Ava, type Name, nameEquals } from './x509/name.ts'
export { nameHash, oldNameHash } from './x509/nameHash.ts'
export { parseCertificate } from './x509/parseCertificate.ts'
export { parseCrl, parseCrlInSlices } from './x509/parseCrl.ts'
export { parseName } from './x509/parseName.ts'
// Certificates and names (RFC 5280)
export { decodePem, encodePem, type PemBlock } from './x509/pem.ts'
export { type VerifyingSubtle, verifySignature } from './x509/verifySignature.ts'
