export type AdminErrorCode =
  /** No VO, member, certificate, group, role or attribute class of that name. */
  | 'ADMIN_NOT_FOUND'
  /** It is there already, or belongs to somebody else. */
  | 'ADMIN_EXISTS'
  /** Several members or certificates answer to what was given. */
  | 'ADMIN_AMBIGUOUS'
  /** A name, value or date that is not allowed. */
  | 'ADMIN_VALUE'
  /** Text that is no DN, or none that a member may have. */
  | 'ADMIN_DN'
  /** The state of things forbids it: suspended already, not held, the last certificate. */
  | 'ADMIN_STATE'
  /** The VO is administered elsewhere and mirrored here. */
  | 'ADMIN_FOLLOWED'
  /** A file that cannot be understood. */
  | 'ADMIN_FILE'
  /** Faults in a file's rows; `faults` has each. */
  | 'ADMIN_ROWS'

/** What is wrong with one row of many. */
export interface Fault {
  /** Where: "line 3", "entry 2". */
  readonly place: string
  readonly message: string
  readonly advice: string
}

/** Why a change is refused, and what to do. Nothing has been changed then. */
export class AdminError extends Error {
  readonly code: AdminErrorCode
  readonly advice: string
  readonly faults: readonly Fault[]
  constructor(code: AdminErrorCode, message: string, advice: string, faults: readonly Fault[] = []) {
    super(message)
    this.name = 'AdminError'
    this.code = code
    this.advice = advice
    this.faults = faults
  }
}

const SHOWN = 120

/** Somebody's text within a message: cut where it is very long. The edge makes it printable. */
export function shown(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}... (${text.length} characters)`
}
