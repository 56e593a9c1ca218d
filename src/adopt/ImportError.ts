export type ImportErrorCode =
  /** The source is another program's database. */
  | 'IMPORT_OTHER_PROGRAM'
  /** A schema version that is not known. */
  | 'IMPORT_VERSION'
  /** The source holds another VO than the one named. */
  | 'IMPORT_OTHER_VO'
  /** A value that no such database holds. */
  | 'IMPORT_VALUE'
  /** Something was found that was decided to fail. */
  | 'IMPORT_DECISION'
  /** The VO is followed from elsewhere. */
  | 'IMPORT_FOLLOWED'

/** Why a database cannot be imported. Nothing has been changed then. */
export class ImportError extends Error {
  readonly code: ImportErrorCode
  constructor(code: ImportErrorCode, message: string) {
    super(message)
    this.name = 'ImportError'
    this.code = code
  }
}
