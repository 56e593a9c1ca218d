import type { TrustedCa } from '../../../native-free/proxy/types.ts'
import { CRL_FUTURE_SKEW_SECONDS, crlUsableUntil } from '../../../native-free/revocation/selectCrl.ts'
import type { Finding } from './finding.ts'
import type { JudgedCrl } from './judgeCrls.ts'

/** How long before its end a CRL is reported: fetch-crl has then failed several times in a row. */
export const CRL_EXPIRY_WARNING_SECONDS = 86_400

/** What time and absence say about objects that are good in themselves. */
export function stateFindings(
  cas: readonly (readonly [file: string, TrustedCa])[],
  crls: readonly JudgedCrl[],
  now: number,
): Finding[] {
  return [
    ...cas.flatMap(([file, ca]) => caFindings(file, ca, now)),
    ...crls.flatMap(judged => crlFindings(judged, now)),
  ]
}

function caFindings(file: string, ca: TrustedCa, now: number): Finding[] {
  const { notBefore, notAfter } = ca.certificate
  const findings: Finding[] = []
  if (notAfter < now) {
    const what = `the CA expired on ${day(notAfter)}`
    findings.push({
      code: 'ca-expired',
      level: 'warning',
      file,
      what,
      advice: 'install its successor, or remove it',
    })
  }
  if (notBefore > now) {
    const what = `the CA is not valid before ${day(notBefore)}`
    findings.push({ code: 'ca-not-yet-valid', level: 'warning', file, what, advice: 'check the clock' })
  }
  if (ca.signingPolicy === undefined && ca.namespaces === undefined) {
    const what = 'the CA has neither .signing_policy nor .namespaces'
    const advice =
      'install its policy; without one its users are refused unless a CA above it has rules for it'
    findings.push({ code: 'policy-missing', level: 'warning', file, what, advice })
  }
  return findings
}

function crlFindings({ slot, verifiedBy }: JudgedCrl, now: number): Finding[] {
  if (slot.object?.kind !== 'crl' || verifiedBy.size === 0) return []
  const { crl } = slot.object
  const file = slot.file.name
  const until = crlUsableUntil(crl, 0)
  if (crl.thisUpdate > now + CRL_FUTURE_SKEW_SECONDS) {
    const what = `the CRL is not valid before ${day(crl.thisUpdate)}`
    return [{ code: 'crl-not-yet-valid', level: 'error', file, what, advice: 'check the clock' }]
  }
  if (until < now) {
    const what = `the CRL expired on ${day(until)}; users of this CA are refused`
    return [{ code: 'crl-expired', level: 'error', file, what, advice: 'fetch the CRL again (fetch-crl)' }]
  }
  if (until < now + CRL_EXPIRY_WARNING_SECONDS) {
    const what = `the CRL expires on ${day(until)}`
    return [{ code: 'crl-expiring', level: 'warning', file, what, advice: 'check that fetch-crl runs' }]
  }
  return []
}

function day(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
