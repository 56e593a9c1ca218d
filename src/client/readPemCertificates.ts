import { Refusal } from '../../native-free/refusal.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { decodePem } from '../../native-free/x509/pem.ts'
import { FileProblem, readInputFile } from '../check/readInputFile.ts'
import { ClientError } from './ClientError.ts'

/** Far above any credential. */
const MAX_BYTES = 1024 * 1024

/** A private key in PEM, of any kind, possibly with the headers of an old encryption. */
export const PEM_KEY =
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*(?:-[^-][^-]*)*-----END [A-Z ]{0,20}PRIVATE KEY-----/

/** Octets of a file of a user. Throws ClientError 'credential'. */
export function readUserFile(file: string): Uint8Array {
  try {
    return readInputFile(file, MAX_BYTES)
  } catch (cause) {
    if (!(cause instanceof FileProblem)) throw cause
    throw new ClientError('credential', `${file} ${cause.message}`, cause.advice)
  }
}

/** Every certificate of a PEM file, each once, in order; keys are passed over. Throws ClientError 'credential'. */
export function readPemCertificates(bytes: Uint8Array, file: string): Certificate[] {
  try {
    // Keys may have headers, which certificates have not.
    const text = Buffer.from(bytes).toString('latin1').replace(new RegExp(PEM_KEY, 'g'), '')
    const blocks = decodePem(text).filter(({ label }) => label.endsWith('CERTIFICATE'))
    const distinct = new Map(blocks.map(({ der }) => [Buffer.from(der).toString('base64'), der]))
    return [...distinct.values()].map(parseCertificate)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new ClientError('credential', `${file} cannot be understood: ${cause.message} (${cause.code})`)
  }
}
