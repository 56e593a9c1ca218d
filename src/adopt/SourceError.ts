export type SourceErrorCode =
  /** No server there, or it does not answer. */
  | 'SOURCE_UNREACHABLE'
  /** The server is there, but lets nobody in with that name and password, or has no such database. */
  | 'SOURCE_REFUSED'
  /** The connection ended while rows were read. */
  | 'SOURCE_LOST'
  /** The server refused a question. */
  | 'SOURCE_QUERY'
  /** An address that is none. */
  | 'SOURCE_ADDRESS'

/** Why another server's database cannot be read. */
export class SourceError extends Error {
  readonly code: SourceErrorCode
  constructor(code: SourceErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'SourceError'
    this.code = code
  }
}
