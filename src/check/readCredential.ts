import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import { Refusal } from '../../native-free/refusal.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { decodePem } from '../../native-free/x509/pem.ts'
import { HOST_CREDENTIAL } from '../config/hostCredential.ts'
import type { CredentialPaths } from '../config/types.ts'
import { FileProblem, readInputFile } from './readInputFile.ts'

/** Certificates and keys are a few kilobytes; a chain of RSA-8192 ones is below 64. */
const MAX_BYTES = 1024 * 1024

/** What was found at a path, and what is wrong with it. */
export type Complain = (level: 'error' | 'warning', place: string, what: string, advice: string) => void

/**
 * Every certificate of a PEM file, in order; what is wrong is complained about, and then there may be none.
 * @param key of the configuration, which names the file
 */
export function readCertificateFile(file: string, complain: Complain, key?: string): Certificate[] {
  try {
    const text = new TextDecoder('latin1').decode(readInputFile(file, MAX_BYTES))
    const certificates = decodePem(text)
      .filter(block => block.label === 'CERTIFICATE' || block.label === 'X509 CERTIFICATE')
      .map(block => parseCertificate(block.der))
    if (certificates.length === 0) {
      complain('error', file, 'holds no PEM certificate', 'write the certificate there, in PEM')
    }
    return certificates
  } catch (cause) {
    complainOfFile(cause, file, complain, key)
    return []
  }
}

/** The private key of a PEM file; undefined when it cannot be had. Complains of permissions, too. */
function readKeyFile(file: string, uid: number, complain: Complain, key: string): KeyObject | undefined {
  try {
    const pem = Buffer.from(readInputFile(file, MAX_BYTES))
    checkPermissions(file, uid, complain)
    if (pem.includes('ENCRYPTED')) {
      const advice = `take it off into a file of mode 0400: openssl pkey -in ${file} -out NEW`
      complain('error', file, 'is protected by a passphrase', advice)
      return undefined
    }
    return createPrivateKey(pem)
  } catch (cause) {
    if (cause instanceof FileProblem) complainOfFile(cause, file, complain, key)
    else complain('error', file, 'holds no private key in PEM', 'write the key there, in PEM')
    return undefined
  }
}

/**
 * The first certificate and the key of a credential, when both are there and belong together.
 * @param name key of the configuration that names the two files
 */
export function readCredential(
  paths: CredentialPaths,
  uid: number,
  complain: Complain,
  name: string,
): { readonly certificate: Certificate | undefined; readonly key: KeyObject | undefined } {
  const certificate = readCertificateFile(paths.certificate, complain, `${name}.certificate`)[0]
  const key = readKeyFile(paths.key, uid, complain, `${name}.key`)
  if (certificate !== undefined && key !== undefined && !belongTogether(certificate, key)) {
    complain(
      'error',
      paths.key,
      `is not the key of ${paths.certificate}`,
      'name the key that the certificate was made for',
    )
  }
  return { certificate, key }
}

function belongTogether(certificate: Certificate, key: KeyObject): boolean {
  try {
    return new X509Certificate(certificate.der).checkPrivateKey(key)
  } catch {
    return false
  }
}

/** systemd keeps its credentials for one service, by means that the mode does not show. */
const SYSTEMD_CREDENTIALS = '/run/credentials/'

function checkPermissions(file: string, uid: number, complain: Complain): void {
  if (file.startsWith(SYSTEMD_CREDENTIALS)) return
  const { mode, uid: owner } = statSync(file)
  const bits = (mode & 0o777).toString(8).padStart(4, '0')
  if ((mode & 0o077) !== 0) {
    complain('error', file, `may be read by others than its owner (mode ${bits})`, `chmod 0400 ${file}`)
  } else if ((mode & 0o100) !== 0) {
    complain('warning', file, `has mode ${bits}`, `chmod 0400 ${file}`)
  }
  if (owner !== uid && uid !== 0) {
    complain('warning', file, `belongs to user ${owner}, not to this one (${uid})`, `chown ${uid} ${file}`)
  }
}

function complainOfFile(cause: unknown, file: string, complain: Complain, key?: string): void {
  if (cause instanceof FileProblem) {
    const advice = key === undefined ? cause.advice : `${cause.advice}; ${whoNames(file, key)}`
    complain('error', file, cause.message, advice)
  } else if (cause instanceof Refusal) {
    complain('error', file, `cannot be understood: ${cause.message} (${cause.code})`, 'write it anew, in PEM')
  } else throw cause
}

const DEFAULT_FILES: ReadonlySet<string> = new Set(Object.values(HOST_CREDENTIAL))

function whoNames(file: string, key: string): string {
  return DEFAULT_FILES.has(file) ? `it is the file of ${key} by default` : `${key} names it`
}
