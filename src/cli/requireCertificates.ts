import type { Certificate } from '../../native-free/x509/certificate.ts'
import { readCertificateFile } from '../check/readCredential.ts'
import { CliError } from './CliError.ts'
import { EXIT } from './exitCodes.ts'

/** The certificates of a PEM file, at least one. Throws CliError for a command that cannot do without. */
export function requireCertificates(file: string): [Certificate, ...Certificate[]] {
  const faults: string[] = []
  const certificates = readCertificateFile(file, (_level, place, what, advice) => {
    faults.push(`${place} ${what}; ${advice}`)
  })
  const [first, ...rest] = certificates
  if (first === undefined) throw new CliError(EXIT.refused, faults.join('\n'))
  return [first, ...rest]
}
