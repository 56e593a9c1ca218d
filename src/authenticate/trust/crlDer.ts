import { Refusal } from '../../../native-free/refusal.ts'

const BEGIN = '-----BEGIN X509 CRL-----'
const END = '-----END X509 CRL-----'
const SEQUENCE = 0x30

/** Base64 decoded between two pauses: well under a millisecond. */
const SLICE_BYTES = 256 * 1024

/**
 * The DER of a CRL file, which is PEM (other text around it is ignored) or DER itself. Decodes in slices and
 * awaits `pause` between them, since a large CRL is some 90 MB of text. Refuses with CRL_FILE_...: neither form,
 * no end line (a file half written), not base64.
 */
export async function crlDer(file: Uint8Array, pause: () => Promise<unknown>): Promise<Uint8Array> {
  if (file.length === 0) throw new Refusal('CRL_FILE_EMPTY', 'the file is empty')
  if (file[0] === SEQUENCE) return file
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const begin = bytes.indexOf(BEGIN)
  if (begin < 0) throw new Refusal('CRL_FILE_FORM', 'neither DER nor PEM with "X509 CRL"')
  const end = bytes.indexOf(END, begin)
  if (end < 0) throw new Refusal('CRL_FILE_CUT', 'the PEM block has no end line')
  return decodeBase64(bytes.subarray(begin + BEGIN.length, end), pause)
}

async function decodeBase64(body: Buffer, pause: () => Promise<unknown>): Promise<Uint8Array> {
  const der = Buffer.allocUnsafeSlow(Math.ceil((body.length * 3) / 4))
  let length = 0
  let rest = ''
  for (let at = 0; at < body.length; at += SLICE_BYTES) {
    const text = rest + body.toString('latin1', at, at + SLICE_BYTES).replace(/\s+/g, '')
    const last = at + SLICE_BYTES >= body.length
    const whole = last ? text.length : text.length - (text.length % 4)
    rest = text.slice(whole)
    const quads = text.slice(0, whole)
    // Buffer skips what is not base64; a damaged file has to be told as one.
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(quads) || (!last && quads.endsWith('='))) {
      throw new Refusal('CRL_FILE_BASE64', 'the PEM block is not base64', at)
    }
    length += der.write(quads, length, 'base64')
    await pause()
  }
  return der.subarray(0, length)
}
