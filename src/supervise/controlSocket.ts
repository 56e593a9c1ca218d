import { once } from 'node:events'
import { rmSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'

/** What can be asked over the control socket, by its name; each answer is one JSON value. */
export type ControlOperations = Readonly<Record<string, () => Promise<unknown>>>

const MAX_CONNECTIONS = 16
const MAX_REQUEST_BYTES = 4096
const REQUEST_MS = 5_000
// sun_path of unix(7) holds 108 bytes with its final NUL.
const MAX_PATH_BYTES = 107

/**
 * Opens the control socket (0600): a line `{"op": NAME}` in, a line of JSON out, and the connection ends. Throws
 * with a sentence for the operator when it cannot be had.
 */
export async function openControlSocket(
  path: string,
  operations: ControlOperations,
): Promise<{ close(): Promise<void> }> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new Error(`its path has more than ${MAX_PATH_BYTES} bytes`)
  }
  await removeDead(path)
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    answer(socket, operations)
  })
  server.maxConnections = MAX_CONNECTIONS
  // The socket file is made within listen(), closed to others from its first moment.
  const umask = process.umask(0o177)
  server.listen(path)
  process.umask(umask)
  await once(server, 'listening')
  server.on('error', () => {})
  return {
    close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) socket.destroySoon()
      return closed
    },
  }
}

function answer(socket: Socket, operations: ControlOperations): void {
  let text = ''
  const deadline = setTimeout(() => socket.destroy(), REQUEST_MS)
  socket.setEncoding('utf8')
  socket.on('error', () => socket.destroy())
  socket.on('close', () => clearTimeout(deadline))
  socket.on('data', onData)

  function onData(chunk: string): void {
    text += chunk
    const end = text.indexOf('\n')
    if (end < 0 && text.length <= MAX_REQUEST_BYTES) return
    clearTimeout(deadline)
    socket.off('data', onData)
    socket.resume()
    const operation = end < 0 ? undefined : operationOf(text.slice(0, end), operations)
    if (operation !== undefined) operation().then(finish, cause => finish({ error: String(cause) }))
    else finish({ error: `one of ${Object.keys(operations).join(', ')} is asked by {"op": NAME}` })
  }

  function finish(value: unknown): void {
    if (!socket.destroyed) socket.end(`${JSON.stringify(value)}\n`)
  }
}

function operationOf(line: string, operations: ControlOperations): (() => Promise<unknown>) | undefined {
  try {
    const request: unknown = JSON.parse(line)
    if (typeof request !== 'object' || request === null || !('op' in request)) return undefined
    const { op } = request
    return typeof op === 'string' && Object.hasOwn(operations, op) ? operations[op] : undefined
  } catch {
    return undefined
  }
}

/** A socket that nobody listens on is what a killed daemon left. */
async function removeDead(path: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isSocket()) throw new Error('there is something else at its path')
  const inUse = await new Promise<boolean>(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
  if (inUse) throw new Error('another daemon has it')
  rmSync(path, { force: true })
}
