/** Why the client could not do what it was asked; stable, for programs. */
export type ClientCode =
  /** No TCP connection, or not in time. */
  | 'connect'
  /** No TLS connection, or not in time, or it broke. */
  | 'tls'
  /** The answer did not come in time. */
  | 'timeout'
  /** The server's certificate is not trusted, or not that of this host. */
  | 'server-certificate'
  /** The connection ended before there was an answer. */
  | 'no-answer'
  | 'answer-too-large'
  | 'answer-not-understood'
  /** The server understood and said no. */
  | 'refused'
  /** The request cannot be sent in this protocol. */
  | 'request'
  /** The user's certificate or key cannot be used. */
  | 'credential'
  | 'passphrase'
  | 'vomses'
  | 'trust'
  /** The AC is not what was asked for, or would not be believed. */
  | 'ac'
  /** The AC is as it should be, but has ended. */
  | 'ac-expired'
  | 'proxy'

/** A failure that the user is told of: what happened, and what can be done about it. */
export class ClientError extends Error {
  readonly code: ClientCode
  /** undefined: nothing that the user could do. */
  readonly advice: string | undefined
  constructor(code: ClientCode, message: string, advice?: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ClientError'
    this.code = code
    this.advice = advice
  }
}
