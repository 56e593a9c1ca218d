import { readFile } from 'node:fs/promises'
import { connect } from 'node:tls'
import type { Credential } from '../interop/world.ts'

/** A legacy request in the protocol's own terms. */
export interface LegacyRequest {
  readonly commands: readonly string[]
  readonly order?: string
  readonly targets?: string
  readonly lifetime?: string
  /** Ask for MIME base64; the in-house code otherwise. */
  readonly base64?: boolean
}

export interface LegacyAnswer {
  readonly items: readonly { readonly number: number; readonly message: string }[]
  readonly ac: Uint8Array | undefined
  readonly list: readonly string[] | undefined
  /** The encoding of what was carried, by the receivers' rule: a newline anywhere means base64. */
  readonly encoding: 'base64' | 'in-house' | undefined
  /** Undefined when the server closed the connection without a word. */
  readonly raw: string | undefined
}

/** The document that clients send; order of elements as the C++ client has it. */
export function legacyDocument({ commands, order, targets, lifetime, base64 }: LegacyRequest): string {
  return [
    '<?xml version="1.0" encoding="US-ASCII"?><voms>',
    ...commands.map(command => `<command>${command}</command>`),
    order === undefined ? '' : `<order>${order}</order>`,
    targets === undefined ? '' : `<targets>${targets}</targets>`,
    base64 ? '<base64>1</base64><version>4</version>' : '',
    lifetime === undefined ? '' : `<lifetime>${lifetime}</lifetime>`,
    '</voms>',
  ].join('')
}

/** Sends bytes over TLS with a user's certificate, and reads until the server closes, or says nothing for so long. */
export async function exchange(
  port: number,
  user: Credential,
  request: string,
  patienceMs = 20_000,
): Promise<string> {
  const [cert, key] = await Promise.all([readFile(user.certificate), readFile(user.key)])
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    const socket = connect({ host: '127.0.0.1', port, cert, key, rejectUnauthorized: false })
    // One record for the whole request: the peer reads no more than that.
    socket.on('secureConnect', () => socket.write(request))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A reset after the answer, or instead of one, is for the caller to judge by what arrived.
    socket.on('error', () => {})
    socket.setTimeout(patienceMs, () => socket.destroy())
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}

/** Asks in the legacy protocol. */
export async function askLegacy(
  port: number,
  user: Credential,
  request: LegacyRequest,
  patienceMs?: number,
): Promise<LegacyAnswer> {
  return parseLegacyAnswer(await exchange(port, user, legacyDocument(request), patienceMs))
}

// Written apart from the server's own reader and writer: a shared mistake would go unseen.
export function parseLegacyAnswer(raw: string): LegacyAnswer {
  if (raw === '') return { items: [], ac: undefined, list: undefined, encoding: undefined, raw: undefined }
  const items = [...raw.matchAll(/<item><number>(\d+)<\/number><message>([\s\S]*?)<\/message><\/item>/g)]
  const ac = /<ac>([^<]*)<\/ac>/.exec(raw)?.[1]
  const bits = /<bitstr>([^<]*)<\/bitstr>/.exec(raw)?.[1]
  const carried = ac ?? bits
  // What accompanies an error is the single letter A, no certificate.
  const isPlaceholder = ac !== undefined && Buffer.from(decodeCarried(ac)).toString('latin1') === 'A'
  return {
    items: items.map(([, number, message]) => ({ number: Number(number), message: unescapeXml(message!) })),
    ac: ac === undefined || isPlaceholder ? undefined : decodeCarried(ac),
    list:
      bits === undefined ? undefined : Buffer.from(decodeCarried(bits)).toString('latin1').trim().split('\n'),
    encoding: carried === undefined ? undefined : carried.includes('\n') ? 'base64' : 'in-house',
    raw,
  }
}

const IN_HOUSE = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789[]'
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function decodeCarried(text: string): Uint8Array {
  const standard = text.includes('\n')
    ? text
    : [...text].map(character => STANDARD[IN_HOUSE.indexOf(character)]).join('')
  return new Uint8Array(Buffer.from(standard, 'base64'))
}

function unescapeXml(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&')
}
