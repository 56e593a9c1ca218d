import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ListenAddress, ObserveAddress, ObserveConfig } from '../config/types.ts'
import { within } from '../within.ts'
import { allowList } from './allowList.ts'

/** What an answer consists of. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers a GET of a path, or undefined where there is nothing. */
export type Answers = (path: string, accept: string) => Promise<Answer | undefined>

export interface HttpListener {
  /** Where it listens; ports of 0 are resolved. */
  readonly addresses: readonly ObserveAddress[]
  close(): Promise<void>
}

export interface HttpListenerOptions {
  /** Answers under way at once; more are told to come again. */
  readonly maxInFlight: number
  /** After which an answer is given up. */
  readonly answerMs: number
}

/** Prometheus asks every 15 seconds and gives up after 10: these leave room for several, and end before it does. */
export const HTTP_LIMITS: HttpListenerOptions = { maxInFlight: 4, answerMs: 5_000 }
const MAX_CONNECTIONS = 64

/**
 * A small HTTP server for those who watch: GET and HEAD, no bodies, everything bounded. Rejects with the system's
 * error when an address cannot be had; then none is open.
 */
export async function openHttpListener(
  config: ObserveConfig,
  answers: Answers,
  limits: HttpListenerOptions = HTTP_LIMITS,
): Promise<HttpListener> {
  const handler = createHandler(answers, limits)
  const isAllowed = allowList(config.allow)
  await using opened = new AsyncDisposableStack()
  const addresses: ObserveAddress[] = []
  for (const address of config.listen) {
    const server = createHttpServer(config, address, handler)
    server.on('connection', socket => {
      if (!isAllowed(socket.remoteAddress)) socket.destroy()
    })
    addresses.push(await listenAt(server, address))
    opened.defer(() => closeServer(server))
  }
  const running = opened.move()
  return { addresses, close: () => running.disposeAsync() }
}

function createHttpServer(
  { credential }: ObserveConfig,
  address: ObserveAddress,
  handler: RequestListener,
): Server {
  const options = {
    requestTimeout: 10_000,
    headersTimeout: 10_000,
    keepAliveTimeout: 60_000,
    maxHeaderSize: 8192,
    connectionsCheckingInterval: 5_000,
  }
  const server =
    credential === undefined || 'path' in address
      ? createServer(options, handler)
      : createTlsServer(
          {
            ...options,
            minVersion: 'TLSv1.2',
            handshakeTimeout: 10_000,
            cert: readFileSync(credential.certificate),
            key: readFileSync(credential.key),
          },
          handler,
        )
  server.maxConnections = MAX_CONNECTIONS
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

async function listenAt(server: Server, address: ObserveAddress): Promise<ObserveAddress> {
  if ('path' in address) await removeOldSocket(address.path)
  if ('path' in address) server.listen({ path: address.path, writableAll: false })
  else server.listen({ ...address, ipv6Only: address.host.includes(':') })
  await once(server, 'listening')
  server.on('error', () => {})
  if ('path' in address) return address
  return { host: address.host, port: (server.address() as AddressInfo).port } satisfies ListenAddress
}

/** One that a killed daemon left behind. Nothing but a socket is ever removed. */
async function removeOldSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSocket()) await unlink(path)
}

function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  return promise
}

function createHandler(answers: Answers, { maxInFlight, answerMs }: HttpListenerOptions): RequestListener {
  let inFlight = 0
  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, {
        ...text(405, 'Only GET and HEAD are answered.'),
        headers: { Allow: 'GET, HEAD' },
      })
    }
    if (inFlight >= maxInFlight) {
      return send(response, { ...text(503, 'Too many ask at once.'), headers: { 'Retry-After': '5' } })
    }
    inFlight++
    try {
      const answered = answers(pathOf(request), request.headers.accept ?? '')
      send(response, (await within(answerMs, answered)) ?? text(404, 'Nothing is found here.'))
    } catch {
      send(response, text(503, 'No answer could be made in time.'))
    } finally {
      inFlight--
    }
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0]!
}

function text(status: number, message: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${message}\n` }
}

function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
