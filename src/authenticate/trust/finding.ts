/** What can be wrong in a trust directory; few and stable, so that they can be counted. */
export type FindingCode =
  | 'directory-unreadable'
  | 'no-ca'
  | 'unreadable'
  | 'too-large'
  | 'changing'
  | 'malformed'
  | 'wrong-name'
  | 'not-a-ca'
  | 'policy-bad'
  | 'policy-missing'
  | 'crl-signature'
  | 'crl-weak-signature'
  | 'crl-unsupported'
  | 'crl-rollback'
  | 'crl-without-ca'
  | 'crl-expired'
  | 'crl-expiring'
  | 'crl-not-yet-valid'
  | 'ca-expired'
  | 'ca-not-yet-valid'

/** Something an operator should know about one file of the trust directory, and what to do about it. */
export interface Finding {
  readonly code: FindingCode
  /** error: somebody is refused, or the file is not used; warning: it works, but look at it. */
  readonly level: 'error' | 'warning'
  /** File name inside the trust directory, or the directory itself. */
  readonly file: string
  readonly what: string
  readonly advice: string
}
