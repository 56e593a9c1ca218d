/** An HTTP answer. `headers` hold everything but Date; Connection is `close` until a listener decides otherwise. */
export interface RestReply {
  readonly protocol: 'rest'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A legacy answer: the whole document, to be written as it is before the connection closes. */
export interface LegacyReply {
  readonly protocol: 'legacy'
  readonly document: Uint8Array
}

export type Reply = RestReply | LegacyReply
