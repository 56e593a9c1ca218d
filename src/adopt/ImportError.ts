export type ImportErrorCode =
  /** The dump is of another program's database. */
  | 'IMPORT_NOT_VOMS_ADMIN'
  /** A schema version that is not known. */
  | 'IMPORT_VERSION'
  /** The dump holds another VO than the one named. */
  | 'IMPORT_OTHER_VO'
  /** A value that no such database holds. */
  | 'IMPORT_VALUE'

/** Why a database cannot be imported. Nothing has been changed then. */
export class ImportError extends Error {
  readonly code: ImportErrorCode
  constructor(code: ImportErrorCode, message: string) {
    super(message)
    this.name = 'ImportError'
    this.code = code
  }
}
