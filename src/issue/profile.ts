import { createHash } from 'node:crypto'
import { type AcTemplate, acTemplate } from '../../native-free/ac/acTemplate.ts'
import type { SignatureAlgorithm } from '../../native-free/ac/signatureAlgorithms.ts'
import { bytesEqual } from '../../native-free/bytes/equal.ts'
import { type LintExpectations, lintExpectations } from '../../native-free/lint/lintExpectations.ts'
import { Refusal } from '../../native-free/refusal.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { ConfigError, type ConfigFault } from '../config/ConfigError.ts'
import type { ProfileConfig } from './types.ts'

/** How one VO's ACs are made: checked, with everything constant computed. Made by createProfile() only. */
export interface Profile {
  readonly vo: string
  readonly uri: string
  readonly holderForm: 'subject' | 'issuer'
  readonly maxLifetimeSeconds: number
  /** The AC issuer's certificate. Its dates are the caller's to judge, and decideValidity()'s at each AC. */
  readonly issuer: Certificate
  /** Hex SHA-256 of the AC issuer's SPKI: which key has to sign. */
  readonly keyId: string
  readonly algorithm: SignatureAlgorithm
  readonly template: AcTemplate
  readonly expectations: LintExpectations
}

const VO_NAME = /^[0-9A-Za-z_.-]{1,255}$/
const URI = /^(?:[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})$/
const DIGESTS: readonly string[] = ['sha256', 'sha384', 'sha512']

/**
 * Checks what policy and clients demand of a VO's ACs and computes their constant parts. Throws ConfigError with
 * every fault at once; paths are keys of the VO's table.
 */
export function createProfile(config: ProfileConfig): Profile {
  const faults = [...nameFaults(config)]
  const chain = config.issuerCertificates.map((der, index) => readCertificate(der, index, faults))
  const issuer = chain[0]
  if (config.issuerCertificates.length === 0) {
    faults.push(issuerFault('names no certificate', 'give the PEM file of the AC issuer'))
  }
  const keyHash = issuer && sha1(issuer.publicKeyBits)
  if (issuer && keyHash) faults.push(...issuerFaults(issuer, keyHash, config))
  if (faults.length > 0 || !issuer || !keyHash) throw new ConfigError(faults)

  const template = acTemplate(config)
  const { vo, uri, holderForm, maxLifetimeSeconds, digest } = config
  return Object.freeze({
    vo,
    uri,
    holderForm,
    maxLifetimeSeconds,
    issuer,
    keyId: createHash('sha256').update(issuer.spki).digest('hex'),
    algorithm: template.algorithm,
    template,
    expectations: lintExpectations({
      vo,
      uri,
      maxLifetimeSeconds,
      key: issuer.key.kind === 'rsa' ? 'rsa' : 'ec',
      digest,
      issuer,
      issuerKeyHash: keyHash,
    }),
  })
}

function* nameFaults(config: ProfileConfig): Generator<ConfigFault> {
  if (!VO_NAME.test(config.vo) || /^\.+$/.test(config.vo)) {
    yield {
      path: 'name',
      problem: 'is not a VO name',
      advice: 'use letters, digits, dots, hyphens and underscores, at most 255',
    }
  }
  const port = Number(URI.exec(config.uri)?.[1])
  if (!(port >= 1 && port <= 65_535)) {
    yield {
      path: 'uri',
      problem: 'is not HOST:PORT',
      advice: 'give the host that names the LSC file and the port of this VO: clients need both',
    }
  }
  if (!DIGESTS.includes(config.digest)) {
    yield { path: 'digest', problem: 'is not a digest for ACs', advice: `use one of ${DIGESTS.join(', ')}` }
  }
  if (!Number.isSafeInteger(config.maxLifetimeSeconds) || config.maxLifetimeSeconds < 1) {
    yield {
      path: 'maxLifetimeSeconds',
      problem: 'is not a whole number of seconds above 0',
      advice: 'give the longest life of an AC, for example 86400',
    }
  }
}

function readCertificate(der: Uint8Array, index: number, faults: ConfigFault[]): Certificate | undefined {
  try {
    return parseCertificate(der)
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal
    faults.push({
      path: index === 0 ? 'acCredential.certificate' : 'acIntermediates',
      problem: `cannot be read as a certificate (${refusal.message})`,
      advice: 'give a PEM file with X.509 certificates',
    })
    return undefined
  }
}

/** What clients demand of the AC issuer's certificate (RFC 5755 4.5, and the readers of the AC). */
function* issuerFaults(
  issuer: Certificate,
  keyHash: Uint8Array,
  config: ProfileConfig,
): Generator<ConfigFault> {
  const { kind } = issuer.key
  if (kind === 'ec' && !config.allowEcAcKey) {
    yield issuerFault(
      'has an EC key, and Java clients and ARC reject ACs signed with one',
      'use an RSA key for ACs, or set allowEcAcKey if no such client matters',
    )
  }
  if (kind !== 'rsa' && kind !== 'ec') {
    yield issuerFault('has a key that cannot sign ACs', 'use an RSA key of at least 2048 bits')
  }
  const keyId = issuer.subjectKeyIdentifier
  if (keyId === undefined) {
    yield issuerFault(
      'has no SubjectKeyIdentifier, which clients compare with the AC',
      'get a certificate with one, made as SHA-1 of the public key',
    )
  } else if (!bytesEqual(keyId, keyHash)) {
    yield issuerFault(
      'has a SubjectKeyIdentifier that is not SHA-1 of its public key, so clients reject its ACs',
      'get a certificate whose SubjectKeyIdentifier is made by method 1 of RFC 5280 4.2.1.2',
    )
  }
}

function issuerFault(problem: string, advice: string): ConfigFault {
  return { path: 'acCredential.certificate', problem, advice }
}

function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest())
}
