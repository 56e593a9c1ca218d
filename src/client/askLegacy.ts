import type { TLSSocket } from 'node:tls'
import { Refusal } from '../../native-free/refusal.ts'
import { parseLegacyAnswer } from '../../native-free/wire/legacyAnswer.ts'
import { formatLegacyRequest } from '../../native-free/wire/legacyRequest.ts'
import type { AcRequest, ReceivedAnswer } from '../../native-free/wire/types.ts'
import { explainExchange, MAX_ANSWER_BYTES, tooLarge } from './askRest.ts'
import { ClientError } from './ClientError.ts'

/** Servers read a legacy request from one TLS record. */
const MAX_RECORD_BYTES = 16_384
const END = '</vomsans>'

/**
 * Sends a legacy request (voms-protocol 3.1) over a fresh connection and reads the answer, which ends with its
 * root element or with the connection. Throws ClientError as askRest does, and 'request' for one that is too long.
 */
export async function askLegacy(
  socket: TLSSocket,
  request: AcRequest,
  milliseconds: number,
): Promise<ReceivedAnswer> {
  const document = formatLegacyRequest(request)
  if (document.length > MAX_RECORD_BYTES) {
    socket.destroy()
    throw new ClientError('request', 'the request is too long for the legacy protocol')
  }
  const bytes = await exchange(socket, document, milliseconds)
  if (bytes.length === 0) {
    throw new ClientError('no-answer', 'the server closed the connection without an answer')
  }
  try {
    return parseLegacyAnswer(bytes)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    const what = `the answer is no VOMS answer (${cause.code}: ${cause.message})`
    throw new ClientError('answer-not-understood', what, 'is this the port of a VOMS server?', cause)
  }
}

function exchange(socket: TLSSocket, document: Uint8Array, milliseconds: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let tail = ''
    const settle = (work: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      work()
    }
    const finish = () => settle(() => resolve(Buffer.concat(chunks)))
    const timer = setTimeout(() => {
      const late = new ClientError('timeout', `no complete answer within ${milliseconds / 1000} s`)
      settle(() => reject(late))
    }, milliseconds)
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_ANSWER_BYTES) {
        settle(() => reject(tooLarge()))
        return
      }
      chunks.push(chunk)
      tail = (tail + chunk.subarray(-END.length - 8).toString('latin1')).slice(-END.length - 8)
      // Some servers leave the closing to the client.
      if (tail.trimEnd().endsWith(END)) finish()
    })
    socket.once('end', finish)
    socket.once('error', cause => settle(() => reject(explainExchange(cause))))
    socket.once('close', finish)
    socket.write(document)
  })
}
