import type { RestFrame } from '../request/frame.ts'

/** An HTTP request that has come whole, and has nothing behind it. */
export interface WholeRequest {
  readonly frame: RestFrame
  /** The connection can go on after the answer (RFC 9112 9.3). HTTP/1.0 clients say so in ways of their own. */
  readonly persistent: boolean
}

/**
 * Reads the request that VOMS clients send: GET, plain header lines, no body, all there. Anything else is
 * undefined, and node:http's to judge; what is read here it reads the same (test/listen/wholeRequest.test.ts). One
 * look at a few hundred octets is a small part of what a parser, a request and a response object for each connection
 * cost (bench/README.md).
 */
export function wholeRequest(octets: Buffer): WholeRequest | undefined {
  if (octets.at(-1) !== LF) return undefined
  const parts = WHOLE.exec(octets.toString('latin1'))
  if (parts === null) return undefined
  const [, target, minor, headers] = parts as unknown as [string, string, string, string]
  if (NEEDS_A_PARSER.test(headers)) return undefined
  const options = headers.match(CONNECTIONS) ?? []
  if (options.length > 1) return undefined
  const option = options.length === 0 ? 'keep-alive' : ONE_OPTION.exec(options[0]!)?.[1]?.toLowerCase()
  if (option === undefined) return undefined
  const frame: RestFrame = { protocol: 'rest', method: 'GET', target }
  return { frame, persistent: minor === '1' && option === 'keep-alive' }
}

const LF = 0x0a
/** Each run of characters ends where the next one must begin, so that no text makes it go back. */
const WHOLE = /^GET (\/[!-~]*) HTTP\/1\.([01])\r?\n((?:[A-Za-z0-9-]+:[\t -~]*\r?\n)+)\r?\n$/
/** A body, an expectation, or another protocol. */
const NEEDS_A_PARSER = /^(?:content-length|transfer-encoding|trailer|expect|upgrade|proxy-connection):/im
const CONNECTIONS = /^connection:.*$/gim
const ONE_OPTION = /^connection:[\t ]*(close|keep-alive)[\t ]*$/i
