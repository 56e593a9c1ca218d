import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { firstBytes } from '../../native-free/wire/firstBytes.ts'
import { LegacyRequestReader } from '../../native-free/wire/legacyRequest.ts'
import type { LimitsConfig } from '../config/types.ts'
import type { Frame } from '../request/frame.ts'
import type { Reply, RestReply } from '../respond/reply.ts'
import { closeGently } from './closeGently.ts'
import { type PeerChain, readPeerChain } from './peerChain.ts'
import { type WholeRequest, wholeRequest } from './wholeRequest.ts'

/** Why something that arrived never became a request. */
export type Unframed = 'timeout' | 'too-large' | 'not-understood'

/** The stages behind a port. Neither function throws or rejects. */
export interface Answerer {
  serve(peer: PeerChain, frame: Frame): Promise<Reply>
  /** @param seen the first octets of what arrived */
  refuse(peer: PeerChain, protocol: Frame['protocol'], why: Unframed, seen: Uint8Array): Reply
}

interface ConnectionOptions {
  readonly limits: LimitsConfig
  readonly maxSentCerts: number
  readonly keepAliveSeconds: number
}

/** What is known of a connection before its handshake, and who is told how it goes on. */
export interface Course {
  readonly address: string
  /** Its first whole request has come, or what stands for one. */
  asked(): void
}

/** What is told of all connections. */
export interface ConnectionEvents {
  /** The system took an answer, so long after it was made. */
  answerWritten(seconds: number): void
  /** A connection was cut without an answer, or without all of it: its time was over. */
  cut(): void
}

/** Reads requests from connections whose handshake is over, and writes the answers. */
export interface ConnectionHandler {
  handle(socket: TLSSocket, course: Course): void
  /** Keeps no connection beyond its present answer; those that wait for a next request are closed. */
  retire(): void
}

/** One connection after its handshake. */
interface Connection {
  readonly peer: PeerChain
  readonly course: Course
  /** Runs while a request is awaited; what arrived by then is answered with a time-out. */
  requestDeadline: NodeJS.Timeout
  /** Runs while a request is served, to the end of its answer. */
  answerDeadline: NodeJS.Timeout | undefined
  /** The answer under way is the connection's last: what follows it is not read. */
  last: boolean
  /** A request of a kept connection is being served. */
  busy: boolean
  /** Requests that came before the one in front of them was answered. */
  readonly waiting: (() => void)[]
  /** What came after those that wait is not served: the connection closes once they are answered. */
  closing: boolean
  /** Nothing more is read of it. */
  deaf: boolean
}

const NOTHING = Buffer.alloc(0)
/** How every request after the first begins: a connection does not change its protocol. */
const REST = { kind: 'rest', at: 0 } as const

/** A client gains nothing by sending ahead; each request that waits holds its headers. */
const MAX_WAITING = 8

/**
 * The first octets decide the protocol. A plain GET that comes whole is read and answered here, without a parser; all
 * other HTTP is node:http's in its lenient mode, which takes the bare line feeds of HTTP/1.0 clients and answers
 * HTTP/1.1 as they need it; legacy XML is read to the end of its root element. One request per connection, unless
 * connections are kept.
 */
export function createConnectionHandler(
  options: ConnectionOptions,
  answerer: Answerer,
  events: ConnectionEvents,
): ConnectionHandler {
  const { limits, keepAliveSeconds } = options
  const onWritten = events.answerWritten
  const connections = new WeakMap<Socket, Connection>()
  /** Kept connections that wait for a next request. */
  const idle = new Set<Socket>()
  let retired = false

  const cut = (socket: Socket) => {
    if (!socket.destroyed) events.cut()
    socket.destroy()
  }

  const handle = (socket: TLSSocket, course: Course) => {
    const peer = readPeerChain(socket, course.address, options.maxSentCerts)
    const requestDeadline = setTimeout(cut, limits.requestSeconds * 1000, socket)
    const connection: Connection = {
      peer,
      course,
      requestDeadline,
      answerDeadline: undefined,
      last: false,
      busy: false,
      waiting: [],
      closing: false,
      deaf: false,
    }
    connections.set(socket, connection)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(connection.requestDeadline)
      clearTimeout(connection.answerDeadline)
      idle.delete(socket)
    })
    readRequests(socket, connection)
  }

  const readRequests = (socket: TLSSocket, connection: Connection) => {
    let held: Buffer = NOTHING
    let isFirst = true
    const stop = () => {
      socket.off('data', onData)
      socket.off('end', onEnd)
      socket.pause()
    }
    // A client may close its side and wait for the answer.
    const onEnd = () => {
      if (!connection.busy) closeIdle(socket, connection)
    }
    const onData = (chunk: Buffer) => {
      // Behind the connection's last request nothing is read.
      if (connection.busy) return
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const decision = isFirst ? firstBytes(held) : REST
      if (decision.kind === 'more') return
      const rest = held.subarray(decision.at)
      const whole = decision.kind === 'rest' ? wholeRequest(rest) : undefined
      if (whole !== undefined) {
        held = NOTHING
        isFirst = false
        return serveWhole(socket, connection, whole)
      }
      stop()
      if (decision.kind === 'rest') becomeHttp(socket, connection, rest)
      else if (decision.kind === 'legacy') readLegacy(socket, connection, rest)
      else refuse(socket, connection, 'legacy', 'not-understood', rest)
    }
    socket.on('data', onData)
    socket.on('end', onEnd)
  }

  const serveWhole = (socket: TLSSocket, connection: Connection, { frame, persistent }: WholeRequest) => {
    idle.delete(socket)
    startAnswer(socket, connection)
    const mayKeep = keepAliveSeconds > 0 && persistent && !retired
    connection.busy = true
    // What a client sends ahead waits in the kernel.
    if (mayKeep) socket.pause()
    answerer.serve(connection.peer, frame).then(reply => {
      // Nothing more comes from a client that has closed its side.
      const isOver = () => retired || socket.readableEnded
      if (!mayKeep || reply.protocol !== 'rest' || isOver()) return write(socket, reply, onWritten)
      const written = elapsed(onWritten)
      // Whoever does not read his answer is not served another one, which would only fill the memory.
      socket.write(octets(reply, 'keep-alive'), error => {
        written(error)
        if (socket.destroyed) return
        if (isOver()) return socket.destroySoon()
        connection.busy = false
        clearTimeout(connection.answerDeadline)
        idle.add(socket)
        connection.requestDeadline = setTimeout(closeIdle, keepAliveSeconds * 1000, socket, connection)
        socket.resume()
      })
    })
  }

  /** What still comes is not served. Even the end of TLS waits for a client that does not read. */
  const closeIdle = (socket: Socket, connection: Connection) => {
    connection.last = true
    connection.busy = true
    clearTimeout(connection.requestDeadline)
    connection.requestDeadline = setTimeout(cut, limits.connectionSeconds * 1000, socket)
    socket.destroySoon()
  }

  const readLegacy = (socket: TLSSocket, connection: Connection, first: Buffer) => {
    const reader = new LegacyRequestReader(limits.maxRequestBytes)
    const stop = () => {
      socket.off('data', onData)
      socket.off('end', onEnd)
    }
    const fail = (why: Unframed) => {
      stop()
      refuse(socket, connection, 'legacy', why, first)
    }
    const onEnd = () => fail('not-understood')
    const onData = (chunk: Buffer) => {
      const state = reader.push(chunk)
      if (state === 'incomplete') return
      stop()
      if (state === 'too-large') return fail('too-large')
      startAnswer(socket, connection)
      answerer
        .serve(connection.peer, { protocol: 'legacy', document: reader.document() })
        .then(reply => write(socket, reply, onWritten))
    }
    clearTimeout(connection.requestDeadline)
    connection.requestDeadline = setTimeout(() => fail('timeout'), limits.requestSeconds * 1000)
    socket.on('data', onData)
    socket.on('end', onEnd)
    onData(first)
    socket.resume()
  }

  const becomeHttp = (socket: TLSSocket, connection: Connection, rest: Buffer) => {
    idle.delete(socket)
    awaitHttp(socket, connection)
    socket.unshift(rest)
    http.emit('connection', socket)
    socket.resume()
  }

  const awaitHttp = (socket: Socket, connection: Connection) => {
    clearTimeout(connection.requestDeadline)
    connection.requestDeadline = setTimeout(
      () => refuse(socket, connection, 'rest', 'timeout', new Uint8Array()),
      limits.requestSeconds * 1000,
    )
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const connection = connections.get(socket)
    if (connection === undefined) return socket.destroy()
    if (connection.last || connection.closing) return stopReading(socket, connection)
    if (!connection.busy) return serveHttp(request, response, connection)
    if (connection.waiting.length < MAX_WAITING) {
      connection.waiting.push(() => serveHttp(request, response, connection))
    } else {
      connection.closing = true
      stopReading(socket, connection)
    }
  }

  /** One at a time on each connection: else a single one could have thousands under way. */
  const serveHttp = (request: IncomingMessage, response: ServerResponse, connection: Connection) => {
    const { socket } = request
    idle.delete(socket)
    startAnswer(socket, connection)
    // After a request for another protocol node:http may not read the octets that follow.
    const hasSequel = hasBody(request) || request.headers.upgrade !== undefined
    const mayKeep = keepAliveSeconds > 0 && !retired && response.shouldKeepAlive && !hasSequel
    connection.last = !mayKeep
    connection.busy = true
    // With input still to come, closing at once would let a reset overtake the answer.
    if (hasSequel) socket.destroySoon = () => closeGently(socket)
    answerer.serve(connection.peer, restFrame(request)).then(reply => {
      connection.busy = false
      // Whoever has gone has nothing that waits served, and no timer that outlives him.
      if (socket.destroyed || reply.protocol !== 'rest') return socket.destroy()
      const next = connection.waiting.shift()
      const keep = mayKeep && !retired && (next !== undefined || !connection.closing)
      connection.last = !keep
      writeHttp(response, reply, keep, onWritten)
      if (!keep) return
      if (next !== undefined) return next()
      idle.add(socket)
      clearTimeout(connection.answerDeadline)
      // node:http closes a kept connection that stays idle; a request that has begun must end in time.
      connection.requestDeadline = setTimeout(
        () => socket.destroy(),
        (keepAliveSeconds + limits.requestSeconds) * 1000,
      )
    })
  }

  /** From here on the request is whole, and its answer must be out within the connection's time. */
  const startAnswer = (socket: Socket, connection: Connection) => {
    clearTimeout(connection.requestDeadline)
    clearTimeout(connection.answerDeadline)
    connection.answerDeadline = setTimeout(cut, limits.connectionSeconds * 1000, socket)
    connection.course.asked()
  }

  const refuse = (
    socket: Socket,
    connection: Connection,
    protocol: Frame['protocol'],
    why: Unframed,
    seen: Uint8Array,
  ) => {
    startAnswer(socket, connection)
    socket.write(octets(answerer.refuse(connection.peer, protocol, why, seen)))
    closeGently(socket)
  }

  const http = createServer({
    insecureHTTPParser: true,
    requireHostHeader: false,
    maxHeaderSize: limits.maxRequestBytes,
    keepAliveTimeout: keepAliveSeconds * 1000,
    headersTimeout: 0,
    requestTimeout: 0,
  })
  http.on('request', onRequest)
  http.on('checkExpectation', onRequest)
  http.on('connect', (request: IncomingMessage, socket: Socket) => {
    const connection = connections.get(socket)
    if (connection === undefined) return socket.destroy()
    if (connection.last) return socket.resume()
    if (connection.busy) {
      connection.closing = true
      return socket.resume()
    }
    connection.last = true
    startAnswer(socket, connection)
    answerer.serve(connection.peer, restFrame(request)).then(reply => write(socket, reply, onWritten))
  })
  http.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    const connection = connections.get(socket)
    if (connection === undefined || !socket.writable || error.code === 'ECONNRESET') return socket.destroy()
    if (connection.last) return
    // Now, it would be taken for the answer to a request before it.
    if (connection.busy) {
      connection.closing = true
      return
    }
    const why = error.code === 'HPE_HEADER_OVERFLOW' ? 'too-large' : 'not-understood'
    refuse(socket, connection, 'rest', why, error.rawPacket ?? new Uint8Array())
  })

  return {
    handle,
    retire() {
      retired = true
      for (const socket of idle) closeIdle(socket, connections.get(socket)!)
    },
  }
}

function restFrame(request: IncomingMessage): Frame {
  return {
    protocol: 'rest',
    method: request.method ?? '',
    target: request.url ?? '',
  }
}

/**
 * What the client still sends is thrown away unread: requests that are never served would fill the memory while the one
 * before them is. Closing with input to come would let a reset overtake the answer.
 */
function stopReading(socket: Socket, connection: Connection): void {
  if (connection.deaf) return
  connection.deaf = true
  socket.destroySoon = () => closeGently(socket)
  // Once the parser is through with what came together.
  setImmediate(() => {
    socket.removeAllListeners('data')
    socket.on('data', () => {})
  })
}

function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0'
  )
}

type OnWritten = (seconds: number) => void

function writeHttp(response: ServerResponse, reply: RestReply, keep: boolean, onWritten: OnWritten): void {
  response.sendDate = false
  response.writeHead(reply.status, keep ? { ...reply.headers, Connection: 'keep-alive' } : reply.headers)
  response.end(reply.body, elapsed(onWritten))
}

/** Writes an answer without node:http, and closes. The request was read to its end, so nothing is cut short. */
function write(socket: Socket, reply: Reply, onWritten: OnWritten): void {
  socket.write(octets(reply), elapsed(onWritten))
  socket.destroySoon()
}

/** Called back when the system has taken the octets, or not. */
function elapsed(onWritten: OnWritten): (error?: Error | null) => void {
  const since = performance.now()
  return error => {
    if (error == null) onWritten((performance.now() - since) / 1000)
  }
}

/** @param connection what a REST answer says of the connection, in place of its own word */
function octets(reply: Reply, connection?: 'keep-alive'): Uint8Array {
  if (reply.protocol === 'legacy') return reply.document
  const headers = connection === undefined ? reply.headers : { ...reply.headers, Connection: connection }
  let head = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status]}\r\n`
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`
  head += '\r\n'
  const whole = Buffer.allocUnsafe(head.length + reply.body.length)
  whole.write(head, 'latin1')
  whole.set(reply.body, head.length)
  return whole
}
