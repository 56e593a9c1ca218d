import { connect } from 'node:net'

/** No daemon listens on the control socket. */
export class NoDaemon extends Error {
  override name = 'NoDaemon'
}

/** Far above any answer; a reload is through in seconds. */
const ANSWER_MS = 120_000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Asks the running daemon; gives its JSON answer. Throws NoDaemon, or an Error that says why there is none. */
export function askControl(path: string, op: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const socket = connect(path)
  let text = ''
  const late = setTimeout(() => socket.destroy(new Error('the daemon does not answer')), ANSWER_MS)
  socket.setEncoding('utf8')
  socket.once('connect', () => socket.write(`${JSON.stringify({ op })}\n`))
  socket.on('data', chunk => {
    text += chunk
    if (text.length > MAX_ANSWER_BYTES) socket.destroy(new Error('the daemon answers without end'))
  })
  socket.once('error', (cause: NodeJS.ErrnoException) => reject(explain(cause, path)))
  socket.once('close', () => {
    clearTimeout(late)
    try {
      resolve(JSON.parse(text))
    } catch {
      reject(new NoDaemon(`the daemon at ${path} ended before it answered`))
    }
  })
  return promise
}

function explain(cause: NodeJS.ErrnoException, path: string): Error {
  if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') {
    return new NoDaemon(`no daemon answers at ${path} (processes.controlSocket)`)
  }
  if (cause.code === 'EACCES')
    return new NoDaemon(`${path} may only be used by the user of the daemon, and root`)
  return cause
}
