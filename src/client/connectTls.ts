import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { sentCertificates } from '../listen/sentCertificates.ts'
import { ClientError } from './ClientError.ts'
import type { JudgeServer } from './judgeServer.ts'

/** Where a server listens. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** What the client shows of itself, in PEM: certificates leaf first, and the leaf's key. */
export interface TlsIdentity {
  readonly certificates: string
  readonly key: string
}

/** How long each phase of one connection may take, in milliseconds. */
export interface PhaseTimes {
  readonly connectMs: number
  readonly handshakeMs: number
  /** From the first octet of the request to the last one of the answer. */
  readonly answerMs: number
}

/** As many certificates as a server may send with its own. */
const MAX_SENT = 16

/**
 * A TLS connection to a VOMS server, whose certificates `judge` has accepted before anything is written. Throws
 * ClientError 'connect', 'tls', 'server-certificate' or 'trust'.
 */
export async function connectTls(
  endpoint: Endpoint,
  identity: TlsIdentity,
  judge: JudgeServer,
  times: PhaseTimes,
): Promise<TLSSocket> {
  const tcp = await reachTcp(endpoint, times.connectMs)
  const socket = await shakeHands(tcp, endpoint, identity, times.handshakeMs)
  try {
    const sent = sentCertificates(socket, MAX_SENT)
    judge(sent, endpoint.host)
    return socket
  } catch (cause) {
    socket.destroy()
    throw cause
  }
}

function reachTcp(endpoint: Endpoint, milliseconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: endpoint.host, port: endpoint.port })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(
        new ClientError('connect', `no connection within ${milliseconds / 1000} s`, 'is a firewall between?'),
      )
    }, milliseconds)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
    socket.once('error', cause => {
      clearTimeout(timer)
      reject(explainConnect(cause, endpoint))
    })
  })
}

function explainConnect(cause: NodeJS.ErrnoException, { host, port }: Endpoint): ClientError {
  switch (cause.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ClientError(
        'connect',
        `the host name ${host} cannot be resolved`,
        'check it in the vomses file',
        cause,
      )
    case 'ECONNREFUSED':
      return new ClientError('connect', `nothing listens on port ${port} of ${host}`, undefined, cause)
    default:
      return new ClientError(
        'connect',
        `cannot be reached (${cause.code ?? cause.message})`,
        undefined,
        cause,
      )
  }
}

function shakeHands(
  tcp: Socket,
  { host }: Endpoint,
  { certificates, key }: TlsIdentity,
  milliseconds: number,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (error: ClientError) => {
      clearTimeout(timer)
      tcp.destroy()
      reject(error)
    }
    const timer = setTimeout(
      () => fail(new ClientError('tls', `no TLS handshake within ${milliseconds / 1000} s`)),
      milliseconds,
    )
    let socket: TLSSocket
    try {
      socket = connect({
        socket: tcp,
        cert: certificates,
        key,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        minVersion: 'TLSv1.2',
        // OpenSSL proves that the server has its certificate's key; by grid rules the chain is judged afterwards.
        ca: [],
        rejectUnauthorized: false,
      })
    } catch (cause) {
      fail(new ClientError('credential', `your credential cannot be used for TLS: ${reasonOf(cause)}`))
      return
    }
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('close')
      resolve(socket)
    })
    // Stays: an error between two owners of the socket must not end the process.
    socket.on('error', cause => fail(explainTls(cause)))
    socket.once('close', () =>
      fail(new ClientError('tls', 'the server closed the connection during the handshake')),
    )
  })
}

/** An error of a TLS connection in words; also for one that breaks later, as refusals come with TLS 1.3. */
export function explainTls(cause: unknown): ClientError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const alert = /ALERT_(.*)$/.exec(code)?.[1]
  if (alert !== undefined) {
    const words = alert.toLowerCase().replaceAll('_', ' ')
    const own = /CERTIFICATE|UNKNOWN_CA/.test(alert)
      ? 'the server refused your certificate'
      : 'the server refused'
    return new ClientError('tls', `${own} (TLS alert: ${words})`, undefined, cause)
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return new ClientError('tls', 'what answers there does not speak TLS', 'check host and port', cause)
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new ClientError('tls', 'the server broke the connection off', undefined, cause)
  }
  return new ClientError('tls', `the TLS connection failed: ${reasonOf(cause)}`, undefined, cause)
}

function reasonOf(cause: unknown): string {
  const { reason, message } = cause as { reason?: string; message?: string }
  return (reason ?? message ?? String(cause)).slice(0, 200)
}
