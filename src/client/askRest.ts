import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { Refusal } from '../../native-free/refusal.ts'
import type { RestRequest } from '../../native-free/wire/buildRestRequest.ts'
import { parseRestAnswer } from '../../native-free/wire/restAnswer.ts'
import type { ReceivedAnswer } from '../../native-free/wire/types.ts'
import { ClientError } from './ClientError.ts'
import { explainTls } from './connectTls.ts'

/** An answer is a few kilobytes; one with thousands of attributes stays below this. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const MAX_HEADER_BYTES = 32 * 1024

/**
 * Sends a REST request (voms-protocol 2.1) over a fresh connection and reads the answer to its end, within the
 * time and the size. The connection is gone afterwards. Throws ClientError 'timeout', 'no-answer', 'tls',
 * 'answer-too-large' or 'answer-not-understood'.
 */
export async function askRest(
  socket: TLSSocket,
  request: RestRequest,
  milliseconds: number,
): Promise<ReceivedAnswer> {
  const { status, body } = await exchange(socket, request, milliseconds)
  try {
    return parseRestAnswer(body)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new ClientError(
      'answer-not-understood',
      `HTTP ${status} with something that is no VOMS answer${glimpse(body)} (${cause.code})`,
      'is this the port of a VOMS server?',
      cause,
    )
  }
}

function exchange(
  socket: TLSSocket,
  { method, target, headers }: RestRequest,
  milliseconds: number,
): Promise<{ status: number; body: Uint8Array }> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      work()
    }
    const fail = (error: ClientError) => settle(() => reject(error))
    const timer = setTimeout(
      () => fail(new ClientError('timeout', `no complete answer within ${milliseconds / 1000} s`)),
      milliseconds,
    )
    const outgoing = httpRequest({
      createConnection: () => socket,
      method,
      path: target,
      headers,
      setHost: false,
      maxHeaderSize: MAX_HEADER_BYTES,
    })
    outgoing.once('error', cause => fail(explainExchange(cause)))
    outgoing.once('response', response => {
      collect(response, body => settle(() => resolve({ status: response.statusCode ?? 0, body })), fail)
    })
    outgoing.end()
  })
}

function collect(
  response: IncomingMessage,
  done: (body: Uint8Array) => void,
  fail: (error: ClientError) => void,
): void {
  const chunks: Buffer[] = []
  let size = 0
  response.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) fail(tooLarge())
    else chunks.push(chunk)
  })
  response.once('end', () => done(Buffer.concat(chunks)))
  response.once('error', cause => fail(explainExchange(cause)))
}

export function tooLarge(): ClientError {
  return new ClientError('answer-too-large', `the answer has more than ${MAX_ANSWER_BYTES} bytes`)
}

/** What went wrong between request and answer. */
export function explainExchange(cause: NodeJS.ErrnoException): ClientError {
  const { code = '' } = cause
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new ClientError(
      'no-answer',
      'the server closed the connection without an answer',
      undefined,
      cause,
    )
  }
  if (code.startsWith('HPE_')) {
    return new ClientError(
      'answer-not-understood',
      `what it answered is not HTTP (${code})`,
      undefined,
      cause,
    )
  }
  return explainTls(cause)
}

/** The words of an error page, so that people see who speaks; bounded. */
function glimpse(body: Uint8Array): string {
  const text = Buffer.from(body.subarray(0, 2000)).toString('latin1')
  const words = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/[^ -~]+/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
  return words === '' ? '' : `: ${words.slice(0, 120)}`
}
