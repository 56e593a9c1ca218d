import pg from 'pg'
import type { SqlValue } from './database.ts'

/**
 * A parameter in PostgreSQL's text form, so that every back end is handed the same: `null` stays null,
 * bytes become hex, a list becomes an array literal.
 */
export function toSqlText(value: SqlValue): string | null {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'object') {
    if (value instanceof Date) return value.toISOString()
    if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
    return `{${value.map(element).join(',')}}`
  }
  return String(value)
}

function element(value: SqlValue): string {
  const text = toSqlText(value)
  if (text === null) return 'NULL'
  return Array.isArray(value) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

/**
 * A result column from PostgreSQL's text form, by the type's OID: int8 and numeric stay strings,
 * timestamptz becomes a Date, json is parsed.
 */
export function fromSqlText(oid: number, text: string | null): unknown {
  return text === null ? null : pg.types.getTypeParser(oid, 'text')(text)
}
