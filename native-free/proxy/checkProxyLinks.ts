import { Refusal } from '../refusal.ts'
import { type Certificate, KEY_USAGE } from '../x509/certificate.ts'
import { checkCriticalExtensions } from './checkCriticalExtensions.ts'
import { checkKeyStrength, checkSignatureAlgorithm } from './checkStrength.ts'
import { checkTime } from './checkTime.ts'
import { OID } from './extensionOids.ts'
import { hasExtension, kindOf, legacyPolicy } from './kindOf.ts'
import { POLICY_LANGUAGE, type ProxyCertInfo, parseProxyCertInfo } from './proxyCertInfo.ts'
import { refuseChain } from './refuseChain.ts'
import type { ChainPolicy, ChainRefusal, ProxyKind } from './types.ts'

/** What the proxies of a path come to when all pass. */
export interface ProxyLinks {
  readonly accepted: true
  readonly limited: boolean
}

/** What is carried from one proxy of the path to the next. */
interface Descent {
  kind: ProxyKind | undefined
  limited: boolean
  /** How many more proxies may follow. */
  remaining: number
}

/**
 * Checks the proxies of a path, given from the one the EEC signed down to the leaf, by the rules of RFC 3820 3 and
 * of grid practice; names and signatures are checked elsewhere. `now` in seconds.
 */
export function checkProxyLinks(
  proxies: readonly Certificate[],
  policy: ChainPolicy,
  now: number,
): ProxyLinks | ChainRefusal {
  const descent: Descent = { kind: undefined, limited: false, remaining: Number.POSITIVE_INFINITY }
  for (const proxy of proxies) {
    const refusal = checkProxy(proxy, descent, policy, now)
    if (refusal !== undefined) return refusal
  }
  return { accepted: true, limited: descent.limited }
}

function checkProxy(
  proxy: Certificate,
  descent: Descent,
  policy: ChainPolicy,
  now: number,
): ChainRefusal | undefined {
  const kind = kindOf(proxy) as ProxyKind
  const refusal = checkKind(proxy, kind, descent, policy)
  if (refusal !== undefined) return refusal
  const info = readInfo(proxy, kind)
  if ('reason' in info) return info
  return (
    checkExtensions(proxy, kind) ??
    checkPathLength(proxy, info, descent) ??
    checkRights(proxy, info, descent, policy) ??
    checkSignatureAlgorithm(proxy) ??
    checkKeyStrength(proxy, policy.minProxyRsaBits, policy) ??
    checkTime(proxy, 'PROXY', now, policy.clockSkewSeconds)
  )
}

/** The proxyCertInfo, well-formed and critical; a legacy proxy's stands in its name. */
function readInfo(proxy: Certificate, kind: ProxyKind): ProxyCertInfo | ChainRefusal {
  if (kind === 'legacy') {
    const language = POLICY_LANGUAGE[legacyPolicy(proxy) === 'limited' ? 'limited' : 'inheritAll']
    return { pathLength: Number.POSITIVE_INFINITY, language, hasPolicy: false }
  }
  if (kind === 'rfc' && hasExtension(proxy, OID.draftProxy)) {
    return refuseChain('PROXY_BAD_PCI', 'both forms of proxyCertInfo', proxy)
  }
  const oid = kind === 'rfc' ? OID.rfcProxy : OID.draftProxy
  const extension = proxy.extensions.find(one => one.oid === oid)!
  if (!extension.critical) return refuseChain('PROXY_BAD_PCI', 'proxyCertInfo is not critical', proxy)
  try {
    return checkLanguage(parseProxyCertInfo(extension.value, kind), proxy)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return refuseChain('PROXY_BAD_PCI', cause.message, proxy)
  }
}

/** RFC 3820 3.8.2: the two languages without policy must have none, and anyLanguage belongs to validators. */
function checkLanguage(info: ProxyCertInfo, proxy: Certificate): ProxyCertInfo | ChainRefusal {
  switch (info.language) {
    case POLICY_LANGUAGE.inheritAll:
    case POLICY_LANGUAGE.independent:
      return info.hasPolicy ? refuseChain('PROXY_BAD_PCI', 'a policy where none may be', proxy) : info
    case POLICY_LANGUAGE.limited:
      return info
    case POLICY_LANGUAGE.anyLanguage:
      return refuseChain('PROXY_BAD_PCI', 'policy language anyLanguage', proxy)
    default:
      return refuseChain('PROXY_LANGUAGE_UNKNOWN', `policy language ${info.language}`, proxy)
  }
}

function checkKind(
  proxy: Certificate,
  kind: ProxyKind,
  descent: Descent,
  policy: ChainPolicy,
): ChainRefusal | undefined {
  if (!policy.proxyKinds.includes(kind)) return refuseChain('PROXY_TYPE_UNSUPPORTED', `${kind} proxy`, proxy)
  if (descent.kind !== undefined && descent.kind !== kind) {
    return refuseChain('PROXY_MIXED_TYPES', `${kind} proxy below ${descent.kind} proxy`, proxy)
  }
  descent.kind = kind
  return undefined
}

/** Rules on extensions (RFC 3820 3.2 to 3.7). A proxy is never used as a CA, so keyCertSign does no harm. */
function checkExtensions(proxy: Certificate, kind: ProxyKind): ChainRefusal | undefined {
  if (proxy.version !== 3 && proxy.extensions.length > 0) {
    return refuseChain('BAD_ENCODING', `extensions in version ${proxy.version}`, proxy)
  }
  if (proxy.basicConstraints?.ca) return refuseChain('PROXY_IS_CA', 'basicConstraints cA', proxy)
  if (hasExtension(proxy, OID.subjectAltName))
    return refuseChain('PROXY_HAS_ALTNAME', 'subjectAltName', proxy)
  if (hasExtension(proxy, OID.issuerAltName)) return refuseChain('PROXY_HAS_ALTNAME', 'issuerAltName', proxy)
  // It signs either the next proxy or the TLS handshake.
  if (proxy.keyUsage !== undefined && !(proxy.keyUsage & KEY_USAGE.digitalSignature)) {
    return refuseChain('PROXY_KEY_USAGE', 'keyUsage without digitalSignature', proxy)
  }
  return checkCriticalExtensions(proxy, kind)
}

function checkPathLength(
  proxy: Certificate,
  info: ProxyCertInfo,
  descent: Descent,
): ChainRefusal | undefined {
  if (descent.remaining < 1) return refuseChain('PROXY_PATHLEN', 'a proxy above allows no further one', proxy)
  descent.remaining = Math.min(descent.remaining - 1, info.pathLength)
  return undefined
}

/** What the proxy may do (RFC 3820 3.8.2): limited stays limited, and an independent one inherits nothing. */
function checkRights(
  proxy: Certificate,
  { language }: ProxyCertInfo,
  descent: Descent,
  policy: ChainPolicy,
): ChainRefusal | undefined {
  if (language === POLICY_LANGUAGE.inheritAll && descent.limited) {
    return refuseChain('PROXY_LIMITED_WIDENED', 'full proxy below a limited one', proxy)
  }
  if (language === POLICY_LANGUAGE.independent && !policy.allowIndependent) {
    return refuseChain('PROXY_INDEPENDENT_REFUSED', 'independent proxy', proxy)
  }
  if (language === POLICY_LANGUAGE.limited) {
    if (!policy.allowLimited) return refuseChain('PROXY_LIMITED_REFUSED', 'limited proxy', proxy)
    descent.limited = true
  }
  return undefined
}
