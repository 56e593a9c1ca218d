import { connect, type SecureContext } from 'node:tls'

export interface Ask {
  readonly host?: string
  readonly port: number
  readonly secureContext: SecureContext
  readonly request: string
  /** The answer must hold this text. */
  readonly expect: string
  /** From its beginning to the last octet. */
  readonly mostMs?: number
}

/** A server that hangs, or drips, ends the benchmark. */
const ANSWER_MS = 30_000

/** One request over a TLS connection of its own, as real clients make it. Rejects when the answer is not as expected. */
export function askOnce({
  host = '127.0.0.1',
  mostMs = ANSWER_MS,
  port,
  secureContext,
  request,
  expect,
}: Ask): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({
      host,
      port,
      secureContext,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    socket.once('secureConnect', () => socket.write(request))
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    const deadline = setTimeout(() => {
      socket.destroy(new Error(`no whole answer within ${mostMs / 1000} s`))
    }, mostMs)
    socket.once('error', reject)
    socket.once('close', () => {
      clearTimeout(deadline)
      if (text.includes(expect)) resolve(text)
      else reject(new Error(`a wrong answer: ${text.slice(0, 500)}`))
    })
  })
}
