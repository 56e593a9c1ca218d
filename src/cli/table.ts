import { printable } from './printable.ts'

/** Rows in columns, the widths by code points; no row ends in blanks. Cells are made printable. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map(row => row.map(printable))
  const widths: number[] = []
  for (const row of cells) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length)
    }
  }
  return cells
    .map(
      row =>
        `${row
          .map((cell, column) => pad(cell, widths, row, column))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function pad(cell: string, widths: readonly number[], row: readonly string[], column: number): string {
  return column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - [...cell].length)
}
