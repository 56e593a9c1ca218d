/** A group or role that a member holds. `role` undefined: plain membership of the group. */
export interface Holding {
  readonly group: string
  readonly role: string | undefined
  /** Issued only when asked for by name. */
  readonly optional: boolean
  /** Seconds since the epoch; undefined: no end. Judged at each request, so that caches stay right. */
  readonly endsAt: number | undefined
}

/** A generic attribute as the directory holds it, with the scope that decides its qualifier. */
export interface DirectoryAttribute {
  readonly scope: 'member' | 'group' | 'role'
  /** Set for scopes group and role. */
  readonly group: string | undefined
  /** Set for scope role. */
  readonly role: string | undefined
  readonly name: string
  readonly value: string
}

/** Everything resolution needs of one member of one VO, as one immutable cached value. */
export interface Member {
  readonly id: string
  readonly holdings: readonly Holding[]
  readonly attributes: readonly DirectoryAttribute[]
  /** Whose rules resolve requests; vomsd's when undefined. */
  readonly resolution?: ResolutionMode
  /** What a message to the member calls him. */
  readonly name?: string
  /** Until when his signature of the acceptable use policy is good, 0: never; undefined: no end. */
  readonly aupUntil?: number
}

/** vomsd: every group is issued with whatever is asked for. iam: what is asked for first, in that order. */
export type ResolutionMode = 'vomsd' | 'iam'

/**
 * The directory's answer for one certificate in one VO.
 * `ambiguous`: the rows that match belong to more than one member; refused and logged.
 */
export type Lookup =
  | { readonly kind: 'member'; readonly member: Member }
  | { readonly kind: 'suspended'; readonly memberId: string; readonly reason: string | undefined }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ambiguous'; readonly memberIds: readonly string[] }

/** The identity that is looked up: Names as DER slices of the EEC, spelled out by the directory itself. */
export interface HolderNames {
  readonly subject: import('../../native-free/x509/name.ts').Name
  readonly issuer: import('../../native-free/x509/name.ts').Name
}

/** The room that answers "what does this holder have in this VO"; cached, fresh within a second. */
export interface Directory {
  /**
   * Throws VomsError 'database' when the database is away and the holder is not cached within the grace.
   * @param matchSubjectOnly skipcacheck: the issuer is not compared.
   */
  lookup(vo: string, holder: HolderNames, matchSubjectOnly: boolean): Promise<Lookup>
}
