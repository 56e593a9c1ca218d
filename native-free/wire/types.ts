/** One thing a client asks for, whichever protocol it asked in (docs/protocol.md 2.2, 3.2). */
export type Command =
  | { readonly kind: 'all'; readonly text: string }
  | { readonly kind: 'list'; readonly text: string }
  | { readonly kind: 'group'; readonly group: string; readonly text: string }
  | { readonly kind: 'role'; readonly role: string; readonly text: string }
  | { readonly kind: 'groupRole'; readonly group: string; readonly role: string; readonly text: string }
  /** Understood as a command, but one nobody can satisfy: bad characters, unknown letter, empty. */
  | { readonly kind: 'unsatisfiable'; readonly text: string }

/** An entry of the `order` list, in short form. */
export interface OrderEntry {
  readonly group: string
  readonly role: string | undefined
}

/** A request for an AC: the same shape from REST and from legacy XML. `text` of a command is its legacy form. */
export interface IssueRequest {
  readonly protocol: 'rest' | 'legacy'
  readonly commands: readonly Command[]
  /** undefined: no order was given, and the request order rules. */
  readonly order: readonly OrderEntry[] | undefined
  readonly targets: readonly string[]
  /** undefined: absent, empty, zero or garbage; the VO's maximum applies. Negative never occurs. */
  readonly lifetimeSeconds: number | undefined
  /** Legacy only: MIME base64 was asked for (REST is always base64). */
  readonly base64: boolean
  /** REST only: parameters that are not of the protocol were present (warning 4). */
  readonly unknownParameters: boolean
}

export interface Warning {
  readonly number: 1 | 2 | 3 | 4
  readonly message: string
}

/** A refusal on the wire: the REST <code> word, the legacy number, and the text for the client. */
export interface WireError {
  readonly code: 'NoSuchUser' | 'SuspendedUser' | 'BadRequest' | 'InternalError'
  readonly number: number
  readonly message: string
}

/** What is answered. Exactly one of ac, list, error is set; warnings accompany any of them. */
export interface IssueAnswer {
  readonly ac: Uint8Array | undefined
  readonly list: readonly string[] | undefined
  readonly warnings: readonly Warning[]
  readonly error: WireError | undefined
}

/** What a client asks a server for, in either protocol. */
export interface AcRequest {
  /** FQANs in either form, `all`, `/Role=R` for a role in every group, or legacy commands. */
  readonly fqans: readonly string[]
  /** FQANs in short form that shall come first; undefined: the order of `fqans`. */
  readonly order: readonly string[] | undefined
  readonly targets: readonly string[]
  /** undefined: the server's own choice. */
  readonly lifetimeSeconds: number | undefined
}

/** An answer as a client reads it. The AC may be used only when there is no error. */
export interface ReceivedAnswer {
  readonly ac: Uint8Array | undefined
  readonly list: readonly string[] | undefined
  readonly warnings: readonly { readonly number: number; readonly message: string }[]
  /** `code`: the REST <code>, or in the legacy protocol the number as text. */
  readonly errors: readonly { readonly code: string; readonly number: number; readonly message: string }[]
}
