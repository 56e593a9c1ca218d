import { formatTable } from '../src/cli/table.ts'

/** What a benchmark found. Figures by name; lists of rows are tables. */
export type Result = { readonly benchmark: string } & Readonly<Record<string, unknown>>

/** JSON for programs, or tables for people. */
export function printResult(result: Result, json: boolean): void {
  if (json) console.log(JSON.stringify(result))
  else process.stdout.write(formatResult(result))
}

function formatResult(result: Result): string {
  const entries = Object.entries(result)
  const plain = entries
    .filter(([, value]) => !isRows(value))
    .map(([name, value]) => [name, formatCell(value)])
  const tables = entries.flatMap(([name, value]) =>
    isRows(value) ? [`\n${name}\n${formatRows(value)}`] : [],
  )
  return formatTable(plain) + tables.join('')
}

type Row = Readonly<Record<string, unknown>>

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value) && value.length > 0 && value.every(row => typeof row === 'object')
}

function formatRows(rows: readonly Row[]): string {
  const flat = rows.map(flatten)
  const names = [...new Set(flat.flatMap(row => Object.keys(row)))]
  return formatTable([names, ...flat.map(row => names.map(name => formatCell(row[name] ?? '')))])
}

/** Figures within figures become columns of their own: { milliseconds: { p50 } } is 'milliseconds p50'. */
function flatten(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.entries(flatten(value as Row)).map(([inner, each]) => [`${name} ${inner}`, each])
        : [[name, value]],
    ),
  )
}

function formatCell(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'number' || Number.isInteger(value)) return JSON.stringify(value)
  return value.toFixed(Math.abs(value) < 10 ? 3 : 1)
}
