import { NOW } from '../authenticate/chainWorld.ts'
import { deltaCrlIndicator } from '../pki/createCrl.ts'
import { extension, issuerAltName, nameConstraints, SERVER_AUTH, subjectAltName } from '../pki/extensions.ts'
import { newKey, storedRsaKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { draftProxyCertInfo, rfcProxyCertInfo } from '../pki/proxyCertInfo.ts'
import type { Fault } from './brokenChain.ts'

const other = newKey()
const strange = newKey('secp256k1')
const weakRsa = storedRsaKey(1024)
const unknownCritical = (n: number) => extension(`1.2.3.${n}`, true, Uint8Array.of(5, 0))
const twice = extension('1.2.3.9', false, Uint8Array.of(5, 0))
const PAST = { thisUpdate: NOW - 1000, nextUpdate: NOW - 1 }

/** Of the proxy that the EEC signed (p1) and of the one below it (p2). */
function ofProxy(p: 'p1' | 'p2', n: number): Fault[] {
  const set = (name: string, code: Fault['code'], fields: Record<string, unknown>): Fault => ({
    name: `${p} ${name}`,
    code,
    set: Object.fromEntries(Object.entries(fields).map(([field, value]) => [`${p}.${field}`, value])),
  })
  return [
    set('expired', 'PROXY_EXPIRED', { until: NOW - 1 }),
    set('not yet valid', 'PROXY_NOT_YET_VALID', { from: NOW + 3600 }),
    set('without digitalSignature', 'PROXY_KEY_USAGE', { usages: ['keyEncipherment'] }),
    set('with an alternative name', 'PROXY_HAS_ALTNAME', { more: [subjectAltName([{ dns: 'x' }])] }),
    set("with an issuer's alternative name", 'PROXY_HAS_ALTNAME', { more: [issuerAltName([{ dns: 'x' }])] }),
    set('with cA', 'PROXY_IS_CA', { ca: true }),
    set('with an unknown critical extension', 'CRITICAL_EXTENSION', { more: [unknownCritical(n)] }),
    set('of another name', 'PROXY_NAME', { name: '/C=IT/O=G/CN=somebody else/CN=1' }),
    set('with a UID for a CN', 'PROXY_NAME', { name: [{ type: 'UID', value: '1' }] }),
    set('with an empty CN', 'PROXY_NAME', { name: [{ type: 'CN', value: '' }] }),
    set('with proxyCertInfo not critical', 'PROXY_BAD_PCI', {
      info: [rfcProxyCertInfo({ language: 'inheritAll' }, false)],
    }),
    set('with malformed proxyCertInfo', 'PROXY_BAD_PCI', {
      info: [extension('1.3.6.1.5.5.7.1.14', true, Uint8Array.of(0x30, 3, 2, 1, 0))],
    }),
    set('with both kinds of proxyCertInfo', 'PROXY_BAD_PCI', {
      info: [rfcProxyCertInfo({ language: 'inheritAll' }), draftProxyCertInfo({ language: 'inheritAll' })],
    }),
    set('with anyLanguage', 'PROXY_BAD_PCI', { info: [rfcProxyCertInfo({ language: 'anyLanguage' })] }),
    set('of the draft kind', 'PROXY_TYPE_UNSUPPORTED', {
      info: [draftProxyCertInfo({ language: 'inheritAll' })],
    }),
    set('of an unknown language', 'PROXY_LANGUAGE_UNKNOWN', {
      info: [rfcProxyCertInfo({ language: '1.2.3.4.5', policy: Uint8Array.of(1) })],
    }),
    set('independent', 'PROXY_INDEPENDENT_REFUSED', {
      info: [rfcProxyCertInfo({ language: 'independent' })],
    }),
    set('signed with SHA-1', 'WEAK_SIGNATURE', { scheme: 'sha1' }),
    set('with a key of RSA-1024', 'WEAK_KEY', { key: weakRsa }),
    set('forged', 'SIGNATURE_INVALID', { signer: other }),
  ]
}

/** Every single fault, with the code that it is refused with. */
export const FAULTS: readonly Fault[] = [
  { name: 'resumed', code: 'SESSION_RESUMED', set: { 'list.resumed': true } },
  { name: 'nothing sent', code: 'NO_CLIENT_CERT', set: { 'list.withoutAll': true } },
  { name: 'too many sent', code: 'CHAIN_TOO_LONG', set: { 'list.strangers': 40 } },
  { name: 'EEC not sent', code: 'PROXY_ISSUER_NOT_FOUND', set: { 'list.withoutEec': true } },
  { name: 'no anchors loaded', code: 'TRUST_NOT_LOADED', set: { 'trust.isLoaded': false } },
  { name: 'root not installed', code: 'UNKNOWN_CA', set: { 'trust.withoutRoot': true } },
  { name: 'intermediate not installed', code: 'UNKNOWN_CA', set: { 'trust.isSubInstalled': false } },
  { name: 'path too long for the root', code: 'CA_PATHLEN', set: { 'trust.rootPathLength': 0 } },
  { name: 'no policy', code: 'NAMESPACE_MISSING', set: { 'trust.policy': undefined } },
  { name: 'policy broken', code: 'NAMESPACE_FILE_BAD', set: { 'trust.policy': "access_id_CA X509 '" } },
  {
    name: 'policy for others',
    code: 'NAMESPACE_DENIED',
    set: { 'trust.policy': signingPolicyText('/C=IT/O=G/CN=Sub', ['/C=XX/*']) },
  },
  {
    name: 'no CRL, though required',
    code: 'CRL_MISSING',
    set: { 'trust.crl': undefined, 'policy.crl': 'require' },
  },
  { name: 'CRL expired', code: 'CRL_EXPIRED', set: { 'trust.crl': PAST } },
  { name: 'CRL of the future', code: 'CRL_NOT_YET_VALID', set: { 'trust.crl': { thisUpdate: NOW + 3600 } } },
  { name: 'CRL forged', code: 'CRL_SIGNATURE', set: { 'trust.crl': { signer: other } } },
  {
    name: 'CRL of a strange kind',
    code: 'CRL_UNSUPPORTED',
    set: { 'trust.crl': { extensions: [deltaCrlIndicator(1)] } },
  },
  { name: 'intermediate expired', code: 'CA_EXPIRED', set: { 'sub.until': NOW - 1 } },
  { name: 'intermediate not yet valid', code: 'CA_NOT_YET_VALID', set: { 'sub.from': NOW + 3600 } },
  { name: 'intermediate may not sign', code: 'CA_KEY_USAGE', set: { 'sub.usages': ['cRLSign'] } },
  {
    name: 'intermediate with an unknown critical extension',
    code: 'CRITICAL_EXTENSION',
    set: { 'sub.more': [unknownCritical(1)] },
  },
  {
    name: 'intermediate for other names',
    code: 'CA_NAME_CONSTRAINTS',
    set: { 'sub.more': [nameConstraints({ permitted: [{ directory: '/C=XX' }] })] },
  },
  { name: 'intermediate signed with SHA-1', code: 'WEAK_SIGNATURE', set: { 'sub.scheme': 'sha1' } },
  { name: 'intermediate with a strange curve', code: 'WEAK_KEY', set: { 'sub.key': strange } },
  { name: 'intermediate forged', code: 'SIGNATURE_INVALID', set: { 'sub.signer': other } },
  { name: 'intermediate revoked', code: 'REVOKED', set: { 'sub.revoked': true } },
  { name: 'EEC expired', code: 'EEC_EXPIRED', set: { 'eec.until': NOW - 1 } },
  { name: 'EEC not yet valid', code: 'EEC_NOT_YET_VALID', set: { 'eec.from': NOW + 1 } },
  { name: 'EEC without digitalSignature', code: 'EEC_KEY_USAGE', set: { 'eec.usages': ['keyEncipherment'] } },
  {
    name: 'EEC for servers',
    code: 'EEC_EKU',
    set: { 'eec.purposes': [SERVER_AUTH], 'policy.requireClientAuthEku': true },
  },
  { name: 'EEC with cA', code: 'PROXY_ISSUER_IS_CA', set: { 'eec.ca': true } },
  { name: 'EEC of version 1', code: 'EEC_VERSION', set: { 'eec.version': 1 } },
  { name: 'EEC without a name', code: 'PROXY_NAME', set: { 'eec.name': [] } },
  {
    name: "EEC whose name reads as another's",
    code: 'DN_UNSAFE',
    set: { 'eec.name': '/C=IT/O=G/CN=x\\/CN=u' },
  },
  {
    name: 'EEC with an unknown critical extension',
    code: 'CRITICAL_EXTENSION',
    set: { 'eec.more': [unknownCritical(2)] },
  },
  {
    name: 'EEC with an extension twice',
    code: 'PROXY_ISSUER_NOT_FOUND',
    set: { 'eec.more': [twice, twice] },
  },
  { name: 'EEC signed with SHA-1', code: 'WEAK_SIGNATURE', set: { 'eec.scheme': 'sha1' } },
  { name: 'EEC with a key of RSA-1024', code: 'WEAK_KEY', set: { 'eec.key': weakRsa } },
  { name: 'EEC forged', code: 'SIGNATURE_INVALID', set: { 'eec.signer': other } },
  { name: 'EEC revoked', code: 'REVOKED', set: { 'eec.revoked': true } },
  ...ofProxy('p1', 3),
  ...ofProxy('p2', 4),
  {
    name: 'a full proxy below a limited one',
    code: 'PROXY_LIMITED_WIDENED',
    set: { 'p1.info': [rfcProxyCertInfo({ language: 'limited' })] },
  },
  {
    name: 'a proxy that allows none below',
    code: 'PROXY_PATHLEN',
    set: { 'p1.info': [rfcProxyCertInfo({ language: 'inheritAll', pathLength: 0 })] },
  },
  {
    name: 'limited, where none is allowed',
    code: 'PROXY_LIMITED_REFUSED',
    set: { 'p2.info': [rfcProxyCertInfo({ language: 'limited' })], 'policy.allowLimited': false },
  },
  { name: 'too many proxies', code: 'PROXY_DEPTH', set: { 'policy.maxProxyDepth': 1 } },
]
