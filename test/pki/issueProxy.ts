import { appendRdn } from './distinguishedName.ts'
import { keyUsage } from './extensions.ts'
import { type CertificateOptions, type Credential, issueCertificate, nextSerial } from './issueCertificate.ts'
import { newKey } from './keys.ts'
import { draftProxyCertInfo, type ProxyCertInfo, rfcProxyCertInfo } from './proxyCertInfo.ts'

export type ProxyOptions = Partial<Omit<CertificateOptions, 'issuer'>> &
  Pick<CertificateOptions, 'from' | 'until'> & {
    /** Default rfc. */
    readonly kind?: 'rfc' | 'draft' | 'legacy'
    /** Default inheritAll; of a legacy proxy only inheritAll and limited exist. */
    readonly language?: string
    readonly pathLength?: number | bigint
    readonly policy?: Uint8Array
    /** Value of the CN that is appended to the issuer's subject. */
    readonly cn?: string
    /** Extensions beside keyUsage and proxyCertInfo. */
    readonly more?: readonly Uint8Array[]
  }

/**
 * A proxy of `issuer` (an EEC or a proxy): its subject plus one CN, signed by its key. `extensions` replaces
 * all extensions; every other rule of RFC 3820 can be broken through CertificateOptions.
 */
export function issueProxy(issuer: Credential, options: ProxyOptions): Credential {
  const { kind = 'rfc', language = 'inheritAll', pathLength, policy, cn, more = [], ...rest } = options
  const info: ProxyCertInfo = {
    language,
    ...(pathLength === undefined ? {} : { pathLength }),
    ...(policy === undefined ? {} : { policy }),
  }
  const legacy = kind === 'legacy'
  const legacyCn = language === 'limited' ? 'limited proxy' : 'proxy'
  const serial = rest.serial ?? (legacy ? issuer.serial : nextSerial())
  const marker = legacy ? [] : [kind === 'draft' ? draftProxyCertInfo(info) : rfcProxyCertInfo(info)]
  return issueCertificate({
    subject: appendRdn(issuer.subject, {
      type: 'CN',
      value: cn ?? (legacy ? legacyCn : String(nextSerial())),
    }),
    extensions: [keyUsage(['digitalSignature', 'keyEncipherment']), ...marker, ...more],
    ...rest,
    key: rest.key ?? newKey('p256'),
    serial,
    issuer,
  })
}

/** The certificates as a client sends them and a proxy file holds them: leaf first. */
export const chainOf = (...credentials: readonly Credential[]) =>
  credentials.map(credential => credential.der)
