import { bytesToLatin1 } from '../../../native-free/bytes/latin1.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { decodePem } from '../../../native-free/x509/pem.ts'

const LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE'])

/** DER of the one certificate of a PEM file; text around it is ignored. Refuses with CA_FILE_... or PEM codes. */
export function caDer(file: Uint8Array): Uint8Array {
  if (file.length === 0) throw new Refusal('CA_FILE_EMPTY', 'the file is empty')
  const blocks = decodePem(bytesToLatin1(file)).filter(({ label }) => LABELS.has(label))
  if (blocks.length > 1) {
    throw new Refusal('CA_FILE_SEVERAL', `${blocks.length} certificates in one file`, blocks[1]!.at)
  }
  if (blocks.length === 0) throw new Refusal('CA_FILE_FORM', 'no PEM block with CERTIFICATE')
  return blocks[0]!.der
}
