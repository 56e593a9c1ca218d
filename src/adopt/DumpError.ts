export type DumpErrorCode =
  /** Not something that mysqldump writes. */
  | 'DUMP_SYNTAX'
  /** Compressed, XML or another format altogether. */
  | 'DUMP_FORMAT'
  /** The file ends before the dump does. */
  | 'DUMP_CUT_OFF'
  /** Text in an encoding that is not supported, or not in the one that the dump names. */
  | 'DUMP_CHARSET'
  /** A value, row or statement larger than any that belongs here. */
  | 'DUMP_TOO_LARGE'
  /** Rows of a table whose columns are not known, or not as many as the table has. */
  | 'DUMP_COLUMNS'
  /** Several databases, or several dumps, in one file. */
  | 'DUMP_SEVERAL'
  /** A value that its column's type does not allow. */
  | 'DUMP_VALUE'

/** Why a dump cannot be read, and where: the line (from 1) and the byte offset (from 0). */
export class DumpError extends Error {
  readonly code: DumpErrorCode
  readonly line: number
  readonly offset: number
  constructor(
    code: DumpErrorCode,
    message: string,
    place: { readonly line: number; readonly offset: number },
  ) {
    super(`line ${place.line} (byte ${place.offset}): ${message}`)
    this.name = 'DumpError'
    this.code = code
    this.line = place.line
    this.offset = place.offset
  }
}
