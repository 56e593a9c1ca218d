import { bytesEqual } from '../bytes/equal.ts'
import { flattenedKeyOfName, keyOfName } from '../dn/keyOfName.ts'
import { keyOfString } from '../dn/keyOfString.ts'
import { isWithinVo } from '../fqan/isWithinVo.ts'
import { Refusal } from '../refusal.ts'
import { type LscChain, type LscPair, lscReadings } from '../vomses/lsc.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Name } from '../x509/name.ts'
import { parseCertificate } from '../x509/parseCertificate.ts'
import { parseName } from '../x509/parseName.ts'
import { signatureScheme } from '../x509/signatureScheme.ts'
import { type VerifyingSubtle, verifySignature } from '../x509/verifySignature.ts'
import { OID_AUTHORITY_KEY_IDENTIFIER, OID_NO_REV_AVAIL, OID_TARGET_INFORMATION } from './oids.ts'
import type { AttributeCertificate } from './types.ts'

/** Why an AC does not count. */
export type AcFault =
  /** It embeds no certificate, or one that cannot be read. */
  | 'AC_SIGNER_MISSING'
  /** No accepted LSC chain names the embedded certificates. */
  | 'AC_SIGNER_NOT_LISTED'
  /** The issuer field is not the signer's subject. */
  | 'AC_ISSUER_NAME'
  | 'AC_SIGNATURE_WEAK'
  | 'AC_SIGNATURE_INVALID'
  /** The caller does not trust the signer's chain. */
  | 'AC_SIGNER_UNTRUSTED'
  | 'AC_WRONG_HOLDER'
  | 'AC_NOT_YET_VALID'
  | 'AC_EXPIRED'
  | 'AC_WRONG_TARGET'
  | 'AC_CRITICAL_EXTENSION'
  | 'AC_NO_REV_AVAIL_MISSING'
  | 'AC_KEY_ID_MISSING'
  | 'AC_KEY_ID_MISMATCH'
  | 'AC_FQAN_OUTSIDE_VO'

export type AcVerdict =
  | { readonly valid: true; readonly signer: Certificate }
  | { readonly valid: false; readonly reason: AcFault; readonly detail: string }

/** What verification takes of WebCrypto's SubtleCrypto. */
export interface AcSubtle<Key> extends VerifyingSubtle<Key> {
  digest(algorithm: string, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
}

export interface VerifyAcOptions {
  /** The chains of the LSC file for the AC's VO and host; none accepts no signer. */
  readonly lscChains: readonly LscChain[]
  /** Whether the embedded chain, signer first, leads to a CA that the caller trusts now. */
  trust(chain: readonly Certificate[]): boolean | Promise<boolean>
  /** Seconds since the epoch. */
  readonly now: number
  /** How far clocks may be apart; 300 is what all clients use. */
  readonly skewSeconds: number
  /** The EEC that presents the AC; undefined: whose it is does not matter. */
  readonly holder: Certificate | undefined
  /** This host's canonical name; undefined: targets do not matter. */
  readonly target: string | undefined
  /** Whether noRevAvail and the key identifier have to be there and right. */
  readonly requireExtensions: boolean
}

/**
 * Checks a decoded AC as strictly as the strictest client does, in this order: signer (LSC, name, signature, trust),
 * holder, dates, targets, extensions, FQANs. Only `valid: true` counts as success. Throws nothing for a bad AC.
 */
export async function verifyAc<Key>(
  subtle: AcSubtle<Key>,
  ac: AttributeCertificate,
  options: VerifyAcOptions,
): Promise<AcVerdict> {
  const chain = readChain(ac)
  const signer = chain?.[0]
  if (chain === undefined || signer === undefined) {
    return fault('AC_SIGNER_MISSING', 'no readable certificate is embedded')
  }
  const failure =
    judgeListing(chain, options.lscChains) ??
    judgeIssuerName(ac, signer) ??
    (await judgeSignature(subtle, ac, signer)) ??
    (await judgeTrust(chain, options)) ??
    judgeHolder(ac, options.holder) ??
    judgeDates(ac, options) ??
    judgeTargets(ac, options.target) ??
    judgeCriticality(ac) ??
    (options.requireExtensions ? await judgeExtensions(subtle, ac, signer) : undefined) ??
    judgeFqans(ac)
  return failure ?? { valid: true, signer }
}

type Failure = AcVerdict & { valid: false }

function fault(reason: AcFault, detail: string): Failure {
  return { valid: false, reason, detail }
}

function readChain(ac: AttributeCertificate): readonly Certificate[] | undefined {
  try {
    return ac.certificates.map(parseCertificate)
  } catch (refusal) {
    if (refusal instanceof Refusal) return undefined
    throw refusal
  }
}

/** As many certificates as an LSC chain names, each with the subject and issuer that stand there. */
function judgeListing(chain: readonly Certificate[], lscChains: readonly LscChain[]): Failure | undefined {
  const listed = lscChains.some(lsc => lscReadings(lsc).some(pairs => matches(chain, pairs)))
  return listed ? undefined : fault('AC_SIGNER_NOT_LISTED', 'no LSC chain names these certificates')
}

function matches(chain: readonly Certificate[], pairs: readonly LscPair[]): boolean {
  return (
    chain.length === pairs.length &&
    pairs.every(
      (pair, n) => isNamed(chain[n]!.subject, pair.subject) && isNamed(chain[n]!.issuer, pair.issuer),
    )
  )
}

function isNamed(name: Name, text: string): boolean {
  const key = keyOfString(text)
  return key === keyOfName(name) || key === flattenedKeyOfName(name)
}

function judgeIssuerName(ac: AttributeCertificate, signer: Certificate): Failure | undefined {
  const same = sameName(ac.issuerName, signer.subject)
  return same ? undefined : fault('AC_ISSUER_NAME', "the issuer field is not the signer's subject")
}

function sameName(der: Uint8Array, name: Name): boolean {
  if (bytesEqual(der, name.der)) return true
  try {
    return parseName(der).canonical === name.canonical
  } catch (refusal) {
    if (refusal instanceof Refusal) return false
    throw refusal
  }
}

async function judgeSignature<Key>(
  subtle: AcSubtle<Key>,
  ac: AttributeCertificate,
  signer: Certificate,
): Promise<Failure | undefined> {
  const { signatureAlgorithm, signature } = ac
  if (!bytesEqual(signatureAlgorithm.der, ac.outerSignatureAlgorithm.der)) {
    return fault('AC_SIGNATURE_INVALID', 'the algorithms inside and outside differ')
  }
  if (signatureScheme(signatureAlgorithm) === 'weak') {
    return fault('AC_SIGNATURE_WEAK', `signed with ${signatureAlgorithm.oid}`)
  }
  const verified = await verifySignature(subtle, { tbs: ac.acinfo, signature, signatureAlgorithm }, signer)
  return verified === true ? undefined : fault('AC_SIGNATURE_INVALID', 'the signature does not verify')
}

async function judgeTrust(
  chain: readonly Certificate[],
  options: VerifyAcOptions,
): Promise<Failure | undefined> {
  const trusted = await options.trust(chain)
  return trusted === true ? undefined : fault('AC_SIGNER_UNTRUSTED', "the signer's chain is not trusted")
}

/** The field holds the EEC's subject or its issuer, both being in use; the serial is the EEC's in either case. */
function judgeHolder(ac: AttributeCertificate, holder: Certificate | undefined): Failure | undefined {
  if (holder === undefined) return undefined
  const named = sameName(ac.holderName, holder.subject) || sameName(ac.holderName, holder.issuer)
  if (!named) return fault('AC_WRONG_HOLDER', 'names another holder')
  return bytesEqual(ac.holderSerial, holder.serial)
    ? undefined
    : fault('AC_WRONG_HOLDER', 'is for another certificate of this name')
}

function judgeDates(ac: AttributeCertificate, { now, skewSeconds }: VerifyAcOptions): Failure | undefined {
  if (ac.notBefore >= now + skewSeconds) return fault('AC_NOT_YET_VALID', 'begins later')
  if (ac.notAfter <= now - skewSeconds) return fault('AC_EXPIRED', 'has ended')
  return ac.notBefore < ac.notAfter ? undefined : fault('AC_EXPIRED', 'ends when it begins')
}

function judgeTargets(ac: AttributeCertificate, target: string | undefined): Failure | undefined {
  if (target === undefined || ac.targets.length === 0) return undefined
  const own = target.toLowerCase()
  const meant = ac.targets.some(host => host.toLowerCase() === own)
  return meant ? undefined : fault('AC_WRONG_TARGET', `is for ${ac.targets.join(', ').slice(0, 200)}`)
}

function judgeCriticality(ac: AttributeCertificate): Failure | undefined {
  const critical = ac.extensions.find(one => one.critical && one.oid !== OID_TARGET_INFORMATION)
  return critical && fault('AC_CRITICAL_EXTENSION', `critical extension ${critical.oid}`)
}

async function judgeExtensions<Key>(
  subtle: AcSubtle<Key>,
  ac: AttributeCertificate,
  signer: Certificate,
): Promise<Failure | undefined> {
  if (!ac.noRevAvail) return fault('AC_NO_REV_AVAIL_MISSING', `no ${OID_NO_REV_AVAIL}`)
  const keyId = ac.authorityKeyIdentifier
  if (keyId === undefined) return fault('AC_KEY_ID_MISSING', `no ${OID_AUTHORITY_KEY_IDENTIFIER}`)
  const hash = await subtle.digest('SHA-1', new Uint8Array(signer.publicKeyBits))
  const right = bytesEqual(keyId, new Uint8Array(hash))
  return right ? undefined : fault('AC_KEY_ID_MISMATCH', "the key identifier is not of the signer's key")
}

function judgeFqans(ac: AttributeCertificate): Failure | undefined {
  const outside = ac.fqans.find(fqan => !isWithinVo(fqan, ac.vo))
  return outside === undefined
    ? undefined
    : fault('AC_FQAN_OUTSIDE_VO', `${outside.slice(0, 200)} is not of ${ac.vo}`)
}
