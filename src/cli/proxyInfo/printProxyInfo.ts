import type { AttributeCertificate } from '../../../native-free/ac/types.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { onelineF1 } from '../../../native-free/dn/oneline.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { describeCertificate } from '../describeCertificate.ts'
import { acToJson, formatAcForPeople } from '../printAc.ts'
import { formatCertificateForPeople, formatProxyForPeople } from '../printProxy.ts'
import type { ProxyJudgement } from './judgeProxy.ts'
import type { PrintOption } from './options.ts'
import type { ProxyFile } from './readProxy.ts'

/** The values that one option prints, a line each. */
export function valuesOf(option: PrintOption, proxy: ProxyFile, now: number): readonly string[] {
  const { chain, acs, eec } = proxy
  const left = (end: number) => String(Math.max(0, end - now))
  const leaf = describeCertificate(chain[0])
  const ofAcs = (value: (ac: AttributeCertificate) => string) => acs.map(value)
  switch (option) {
    case 'subject':
    case 'issuer':
    case 'type':
      return [leaf[option]]
    case 'identity':
      return eec === undefined ? [] : [onelineF1(eec.subject)]
    case 'strength':
      return [String(keyBits(proxy))]
    case 'path':
      return [proxy.path]
    case 'timeleft':
      return [left(proxy.validUntil)]
    case 'keyusage':
      return leaf.keyUsage === undefined ? [] : [leaf.keyUsage]
    case 'vo':
      return ofAcs(({ vo }) => vo)
    case 'acsubject':
      return ofAcs(({ holderName }) => onelineF1(parseName(holderName)))
    case 'acissuer':
      return ofAcs(({ issuerName }) => onelineF1(parseName(issuerName)))
    case 'serial':
      return ofAcs(({ serial }) =>
        toHex(serial)
          .replace(/^(00)+(?=..)/, '')
          .toUpperCase(),
      )
    case 'fqan':
      return acs.flatMap(({ fqans }) => fqans)
    case 'actimeleft':
      return ofAcs(({ notAfter }) => left(notAfter))
    case 'uri':
      return ofAcs(({ uri }) => uri)
    case 'targets':
      return acs.flatMap(({ targets }) => targets)
  }
}

const CURVE_BITS = { 'P-256': 256, 'P-384': 384, 'P-521': 521, other: 0 } as const

/** Bits of the proxy's key; 0 where its kind has no number. */
export function keyBits({ chain: [{ key }] }: Pick<ProxyFile, 'chain'>): number {
  if (key.kind === 'rsa') return key.bits
  return key.kind === 'ec' ? CURVE_BITS[key.curve] : 0
}

/** The proxy for people; with `all` its ACs, with `chain` what it was made from. */
export function formatProxyInfo(
  proxy: ProxyFile,
  now: number,
  { all, chain }: { readonly all: boolean; readonly chain: boolean },
): string {
  return [
    formatProxyForPeople(proxy.chain, proxy.path, now),
    ...(chain
      ? proxy.chain
          .slice(1)
          .map(certificate => `=== chain ===\n${formatCertificateForPeople(certificate, now)}`)
      : []),
    ...(all ? proxy.acs.map(ac => formatAcForPeople(ac, now)) : []),
  ].join('')
}

/** The same for programs. */
export function proxyInfoToJson(proxy: ProxyFile, { expired, problems }: ProxyJudgement, now: number) {
  const { path, chain, eec, acs, validUntil } = proxy
  const { subject, issuer, type, keyUsage } = describeCertificate(chain[0])
  return {
    file: path,
    ok: expired.length === 0 && problems.length === 0,
    problems: [...expired, ...problems],
    subject,
    issuer,
    identity: eec === undefined ? null : onelineF1(eec.subject),
    type,
    strength: keyBits(proxy),
    keyUsage: keyUsage ?? null,
    timeleft: Math.max(0, validUntil - now),
    chain: chain.map(describeCertificate),
    acs: acs.map(ac => ({ ...acToJson(ac), timeleft: Math.max(0, ac.notAfter - now) })),
  }
}
