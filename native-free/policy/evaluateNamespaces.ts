import { flattenedKeyOfName, keyOfName } from '../dn/keyOfName.ts'
import { type CaPath, issuedOn } from '../proxy/caPath.ts'
import { refuseChain } from '../proxy/refuseChain.ts'
import type { ChainPolicy, ChainRefusal, PolicyFile, PolicyRule } from '../proxy/types.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Name } from '../x509/name.ts'

/**
 * Whether each CA of the path may sign the subjects that it signed, by the policy files of the trust directory: the
 * EEC and every intermediate must be permitted and not denied. Without this, any customer of a commercial root that
 * some grid CA hangs below could log in.
 */
export function evaluateNamespaces(
  eec: Certificate,
  cas: CaPath,
  mode: ChainPolicy['namespaces'],
): ChainRefusal | undefined {
  if (mode === 'ignore') return undefined
  for (const { certificate, above } of issuedOn(eec, cas)) {
    const refusal = evaluateOne(certificate, above, mode)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** The first file with any rule for the issuer decides: all signing policies upwards, then all namespaces. */
function evaluateOne(certificate: Certificate, above: CaPath, mode: 'require' | 'ifPresent') {
  const issuers = keysOf(certificate.issuer)
  for (const kind of ['signingPolicy', 'namespaces'] as const) {
    for (const ca of above) {
      const file = ca.trusted?.[kind]
      if (file === undefined) continue
      if (file === 'bad') return refuseChain('NAMESPACE_FILE_BAD', `unusable ${kind} file`, certificate)
      const rules = rulesFor(issuers, file, ca === above[0])
      if (rules.length > 0) return judge(certificate, rules)
    }
  }
  if (mode === 'ifPresent') return undefined
  return refuseChain('NAMESPACE_MISSING', `no rule for the issuer ${issuers[0]}`, certificate)
}

function rulesFor(issuers: readonly string[], file: PolicyFile, isOwn: boolean): PolicyRule[] {
  return file.rules.filter(rule => issuers.includes(rule.issuer) || (isOwn && rule.issuer === 'SELF'))
}

function judge(certificate: Certificate, rules: readonly PolicyRule[]): ChainRefusal | undefined {
  const subjects = keysOf(certificate.subject)
  const matching = rules.filter(rule => subjects.some(subject => rule.matches(subject)))
  const denial = matching.find(rule => !rule.permit)
  if (denial !== undefined) return refuseChain('NAMESPACE_DENIED', `denied by ${denial.pattern}`, certificate)
  if (matching.length > 0) return undefined
  return refuseChain('NAMESPACE_DENIED', `none of ${rules.length} rules permits ${subjects[0]}`, certificate)
}

/** The key of a name, and where it has RDNs of several attributes the one that older tools give it. */
function keysOf(name: Name): readonly string[] {
  const flattened = flattenedKeyOfName(name)
  return flattened === undefined ? [keyOfName(name)] : [keyOfName(name), flattened]
}
