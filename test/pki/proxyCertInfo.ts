import { explicit, integer, octetString, oid, sequence } from '../../native-free/der/writer.ts'
import { extension } from './extensions.ts'

/** policyLanguage values of proxyCertInfo (RFC 3820 3.8.2 and the Globus limited proxy). */
export const LANGUAGE = {
  anyLanguage: '1.3.6.1.5.5.7.21.0',
  inheritAll: '1.3.6.1.5.5.7.21.1',
  independent: '1.3.6.1.5.5.7.21.2',
  limited: '1.3.6.1.4.1.3536.1.1.1.9',
} as const

export const RFC_PROXY_OID = '1.3.6.1.5.5.7.1.14'
export const DRAFT_PROXY_OID = '1.3.6.1.4.1.3536.1.222'

export interface ProxyCertInfo {
  /** A name of LANGUAGE, or a dotted OID. */
  readonly language: string
  readonly pathLength?: number | bigint
  readonly policy?: Uint8Array
}

/** RFC 3820: path length, then policy. */
export function rfcProxyCertInfo(info: ProxyCertInfo, critical = true): Uint8Array {
  const length = info.pathLength === undefined ? [] : [integer(info.pathLength)]
  return extension(RFC_PROXY_OID, critical, sequence(...length, proxyPolicy(info)))
}

/** The draft ("GSI-3") form: policy, then the path length under tag 1. */
export function draftProxyCertInfo(info: ProxyCertInfo, critical = true): Uint8Array {
  const length = info.pathLength === undefined ? [] : [explicit(1, integer(info.pathLength))]
  return extension(DRAFT_PROXY_OID, critical, sequence(proxyPolicy(info), ...length))
}

function proxyPolicy({ language, policy }: ProxyCertInfo): Uint8Array {
  const id = (LANGUAGE as Record<string, string>)[language] ?? language
  return sequence(oid(id), ...(policy ? [octetString(policy)] : []))
}
