import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { fromBase64 } from '../../../native-free/bytes/base64.ts'
import { bytesToLatin1 } from '../../../native-free/bytes/latin1.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { parseRestAnswer } from '../../../native-free/wire/restAnswer.ts'
import type { ReceivedAnswer } from '../../../native-free/wire/types.ts'
import { fromVoms64 } from '../../../native-free/wire/voms64.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { parseCrl } from '../../../native-free/x509/parseCrl.ts'
import { decodePem, type PemBlock } from '../../../native-free/x509/pem.ts'

/** What a file turned out to be. */
export type Input =
  | {
      readonly kind: 'certificates'
      readonly certificates: readonly Uint8Array[]
      readonly keyPem: string | undefined
    }
  | { readonly kind: 'ac'; readonly der: Uint8Array }
  | { readonly kind: 'crl'; readonly der: Uint8Array }
  | { readonly kind: 'answer'; readonly answer: ReceivedAnswer }
  | { readonly kind: 'lsc'; readonly text: string }
  | { readonly kind: 'vomses'; readonly text: string }

/**
 * Tells by its content what a file is: PEM, DER, base64 of DER, an answer document with or without its HTTP header,
 * an LSC or a vomses file. Throws a Refusal that says what it is not.
 */
export function detectInput(bytes: Uint8Array): Input {
  if (bytes.length === 0) throw new Refusal('INPUT_EMPTY', 'the file is empty')
  if (bytes[0] === SEQUENCE) return detectDer(bytes)
  const text = bytesToLatin1(bytes)
  if (text.includes('-----BEGIN ')) return detectPem(text)
  const start = text.trimStart()
  if (start.startsWith('<')) return { kind: 'answer', answer: parseRestAnswer(bytes) }
  if (start.startsWith('HTTP/')) return { kind: 'answer', answer: parseRestAnswer(bodyOf(bytes, text)) }
  return detectText(new TextDecoder().decode(bytes))
}

const SEQUENCE = 0x30

function detectDer(der: Uint8Array): Input {
  const attempts: readonly [string, (der: Uint8Array) => unknown, Input][] = [
    ['certificate', parseCertificate, { kind: 'certificates', certificates: [der], keyPem: undefined }],
    ['AC', decodeAc, { kind: 'ac', der }],
    ['CRL', parseCrl, { kind: 'crl', der }],
  ]
  const failures: string[] = []
  for (const [name, parse, input] of attempts) {
    try {
      parse(der)
      return input
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      const at = cause.at < 0 ? '' : ` at octet ${cause.at}`
      failures.push(`as ${name}: ${cause.message} (${cause.code})${at}`)
    }
  }
  if (isPkcs12(der)) {
    throw new Refusal(
      'INPUT_PKCS12',
      'PKCS#12: take it apart with openssl pkcs12 -in FILE -nodes -out NEW.pem',
    )
  }
  throw new Refusal('INPUT_DER', `DER, but neither certificate, AC nor CRL; ${failures.join('; ')}`)
}

/** PFX begins with version 3 (RFC 7292 4). */
function isPkcs12(der: Uint8Array): boolean {
  const header = der[1]! < 0x80 ? 2 : 2 + (der[1]! & 0x7f)
  return der[header] === 0x02 && der[header + 1] === 1 && der[header + 2] === 3
}

const CERTIFICATE_LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'])

function detectPem(text: string): Input {
  const blocks = decodePem(withoutKeyHeaders(text))
  const labelled = (label: string) => blocks.find(block => block.label === label)
  const certificates = blocks.filter(({ label }) => CERTIFICATE_LABELS.has(label)).map(({ der }) => der)
  const keyPem = privateKeyOf(text, blocks)
  if (certificates.length > 0) return { kind: 'certificates', certificates, keyPem }
  const crl = labelled('X509 CRL')
  if (crl !== undefined) return { kind: 'crl', der: crl.der }
  const ac = labelled('ATTRIBUTE CERTIFICATE')
  if (ac !== undefined) return { kind: 'ac', der: ac.der }
  const found = keyPem !== undefined ? 'a private key alone' : blocks.map(({ label }) => label).join(', ')
  throw new Refusal('INPUT_PEM', `PEM, but no certificate, AC or CRL in it: ${found || 'nothing'}`)
}

/** Headers of an encrypted key (RFC 1421) are no fault of the file: the key is only looked for. */
function withoutKeyHeaders(text: string): string {
  return text.replace(ENCRYPTED_KEY, '')
}
const ENCRYPTED_KEY =
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----\r?\nProc-Type:[^-]*-----END [A-Z ]{0,20}PRIVATE KEY-----\r?\n?/g

function privateKeyOf(text: string, blocks: readonly PemBlock[]): string | undefined {
  const isKey = blocks.some(({ label }) => label.endsWith('PRIVATE KEY')) || text.includes('Proc-Type:')
  if (!isKey) return undefined
  return /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*-----END [A-Z ]{0,20}PRIVATE KEY-----/.exec(text)?.[0]
}

/** What follows an HTTP header with either kind of line end. */
function bodyOf(bytes: Uint8Array, text: string): Uint8Array {
  const match = /\r?\n\r?\n/.exec(text)
  if (match === null) throw new Refusal('INPUT_HTTP', 'an HTTP answer without a body')
  return bytes.subarray(match.index + match[0].length)
}

function detectText(text: string): Input {
  const lines = text.split('\n').map(line => line.trim())
  const first = lines.find(line => line !== '' && !line.startsWith('#'))
  if (first === undefined) throw new Refusal('INPUT_EMPTY', 'nothing but blanks and comments')
  const quoted = first.startsWith('"')
  if (quoted && !first.startsWith('"/')) return { kind: 'vomses', text }
  if (quoted || /^\/[^/=]+=/.test(first) || first.includes('NEXT CHAIN')) return { kind: 'lsc', text }
  for (const decode of [fromBase64, fromVoms64]) {
    const der = attempt(() => decode(text.trim()))
    if (der?.[0] === SEQUENCE) return detectDer(der)
  }
  throw new Refusal(
    'INPUT_UNKNOWN',
    'neither PEM, DER, base64, an answer of a server, an LSC file nor a vomses file',
  )
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof Refusal) return undefined
    throw cause
  }
}
