import { X509Certificate } from 'node:crypto'
import { type Certificate, KEY_USAGE } from '../../native-free/x509/certificate.ts'
import { ConfigError } from '../config/ConfigError.ts'
import type { Config, ObserveConfig, VoConfig } from '../config/types.ts'
import { formatTime } from '../formatTime.ts'
import { createProfile } from '../issue/profile.ts'
import type { CheckFinding } from './finding.ts'
import { type Complain, readCertificateFile, readCredential } from './readCredential.ts'

const DAY = 86_400
/** Time enough to get a new certificate from any CA. */
const SOON_SECONDS = 14 * DAY
/** Less is refused by the OpenSSL policies of current distributions. */
const MIN_RSA_BITS = 2048

/** A credential that could be read, for the checks that need the trust directory. */
export interface CheckedCertificate {
  readonly place: string
  readonly certificate: Certificate
  readonly intermediates: readonly Certificate[]
}

export interface CredentialsReport {
  readonly findings: readonly CheckFinding[]
  readonly certificates: readonly CheckedCertificate[]
}

/**
 * Key files, certificates and what VOMS clients ask of the AC issuer, for every VO. Faults of a credential that
 * several VOs share are told once.
 * @param uid the user that files should belong to
 */
export function checkCredentials(config: Config, uid: number, now: number): CredentialsReport {
  const findings: CheckFinding[] = []
  const told = new Set<string>()
  const complain: Complain = (level, place, what, advice) => {
    const finding: CheckFinding = { area: 'credentials', level, place, what, advice }
    // One file may have several keys, in the same VO or in others.
    const key = JSON.stringify([level, place, what])
    if (!told.has(key)) findings.push(finding)
    told.add(key)
  }
  const certificates = new Map<string, CheckedCertificate>()
  for (const [index, vo] of config.vos.entries()) {
    const at = `vo[${index}]`
    const host = vo.hostCredentials.map(
      (paths, entry) => readCredential(paths, uid, complain, `${at}.hostCredentials[${entry}]`).certificate,
    )
    vo.hostCredentials.forEach((paths, index) => {
      const certificate = host[index]
      if (certificate === undefined) return
      checkDates(certificate, paths.certificate, now, complain)
      checkHostName(certificate, paths.certificate, vo, complain)
      const intermediates = readCertificateFile(paths.certificate, complain).slice(1)
      certificates.set(paths.certificate, { place: paths.certificate, certificate, intermediates })
    })
    checkDual(vo, host, complain)
    checkAcIssuer(vo, at, uid, now, complain, certificates)
  }
  checkObserve(config.observe, uid, now, complain)
  return { findings, certificates: [...certificates.values()] }
}

/** The daemon serves without being watched: nothing here keeps it from starting. */
function checkObserve({ credential }: ObserveConfig, uid: number, now: number, complain: Complain): void {
  if (credential === undefined) return
  const warn: Complain = (_level, ...rest) => complain('warning', ...rest)
  const { certificate } = readCredential(credential, uid, warn, 'observe.credential')
  if (certificate !== undefined) checkDates(certificate, credential.certificate, now, warn)
}

function checkDates(certificate: Certificate, place: string, now: number, complain: Complain): void {
  if (certificate.notBefore > now) {
    complain(
      'error',
      place,
      `is not valid before ${formatTime(certificate.notBefore)}`,
      "wait, or correct this machine's clock",
    )
  }
  if (certificate.notAfter <= now) {
    complain('error', place, `expired on ${formatTime(certificate.notAfter)}`, 'renew it')
  } else if (certificate.notAfter - now < SOON_SECONDS) {
    complain('warning', place, `expires on ${formatTime(certificate.notAfter)}`, 'renew it')
  }
}

/** C++ clients and ARC do not look, Java compares with the subject alternative names. */
function checkHostName(certificate: Certificate, place: string, vo: VoConfig, complain: Complain): void {
  const host = vo.uri.slice(0, vo.uri.lastIndexOf(':'))
  if (new X509Certificate(certificate.der).checkHost(host, { subject: 'never' }) !== undefined) return
  complain(
    'warning',
    place,
    `does not name ${host} (uri of ${vo.name}) among its alternative names, so Java clients that compare refuse it`,
    'have that name put into the certificate, or correct uri',
  )
}

function checkDual(vo: VoConfig, host: readonly (Certificate | undefined)[], complain: Complain): void {
  const [first, second] = host
  if (first === undefined || second === undefined || first.key.kind !== second.key.kind) return
  complain(
    'error',
    vo.hostCredentials[1]!.certificate,
    `has the same kind of key as ${vo.hostCredentials[0]!.certificate}, so that only one of the two is ever used`,
    'give an RSA and an ECDSA credential, or just one',
  )
}

function checkAcIssuer(
  vo: VoConfig,
  at: string,
  uid: number,
  now: number,
  complain: Complain,
  certificates: Map<string, CheckedCertificate>,
): void {
  const place = vo.acCredential.certificate
  const { certificate } = readCredential(vo.acCredential, uid, complain, `${at}.acCredential`)
  const intermediates =
    vo.acIntermediates === undefined
      ? []
      : readCertificateFile(vo.acIntermediates, complain, `${at}.acIntermediates`)
  if (certificate === undefined) return
  const known = certificates.get(place)?.intermediates ?? []
  certificates.set(place, { place, certificate, intermediates: [...known, ...intermediates] })
  checkDates(certificate, place, now, complain)
  checkProfile(vo, [certificate, ...intermediates], complain)
  if (certificate.keyUsage !== undefined && (certificate.keyUsage & KEY_USAGE.digitalSignature) === 0) {
    complain(
      'warning',
      place,
      'is not meant for signatures (keyUsage without digitalSignature)',
      'use a certificate with digitalSignature for ACs',
    )
  }
  if (certificate.subject.rdns.length === 0) {
    complain('error', place, 'has an empty subject, which no LSC file can name', 'use another certificate')
  }
}

/** What the daemon itself demands at its start, and what it only puts up with. */
function checkProfile(vo: VoConfig, chain: readonly Certificate[], complain: Complain): void {
  const place = vo.acCredential.certificate
  try {
    createProfile({ ...vo, vo: vo.name, issuerCertificates: chain.map(({ der }) => der) })
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    for (const { problem, advice } of cause.faults) complain('error', place, problem, advice)
  }
  const { key } = chain[0]!
  if (key.kind === 'rsa' && key.bits < MIN_RSA_BITS) {
    complain('error', place, `has an RSA key of ${key.bits} bits`, `use one of ${MIN_RSA_BITS} bits or more`)
  } else if (key.kind === 'ec' && vo.allowEcAcKey) {
    complain(
      'warning',
      place,
      `has an EC key: Java clients and ARC reject the ACs of ${vo.name}`,
      'use an RSA credential as acCredential',
    )
  }
}
