export type TrustFileKind = 'ca' | 'crl' | 'signing_policy' | 'namespaces'

/** What the name of a file in the trust directory says: its kind and the name hash it is filed under. */
export interface TrustFileName {
  readonly name: string
  readonly kind: TrustFileKind
  /** Eight lower-case hex digits. */
  readonly hash: string
}

const TRUST_FILE = /^([0-9a-f]{8})\.(?:([0-9]+)|(r[0-9]+)|(signing_policy)|(namespaces))$/

/**
 * Reads a file name of a trust directory. Undefined for everything that is not filed under a name hash
 * (aliases, .info, .crl_url, and what packagers and editors leave behind): such files are ignored.
 */
export function trustFileName(name: string): TrustFileName | undefined {
  const match = TRUST_FILE.exec(name)
  if (match === null) return undefined
  const kind = match[2] ? 'ca' : match[3] ? 'crl' : match[4] ? 'signing_policy' : 'namespaces'
  return { name, kind, hash: match[1]! }
}
