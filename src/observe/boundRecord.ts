import type { RequestRecord } from '../events.ts'

/** A DN in use has some hundred characters, the longest FQANs a few hundred. */
const MAX_TEXT = 1000
/** Commands of one request that are written down; clients send one or a few. */
const MAX_COMMANDS = 20

/**
 * The record with what strangers can make long cut short: a certificate of 100 KB, all of it a name, or a thousand
 * commands would otherwise make a log line of some hundred kilobytes, as often as somebody likes.
 */
export function boundRecord(record: RequestRecord): RequestRecord {
  const { holder, ca, detail, asked } = record
  return {
    ...record,
    ...(holder !== undefined && { holder: cut(holder) }),
    ...(ca !== undefined && { ca: cut(ca) }),
    ...(detail !== undefined && { detail: cut(detail) }),
    ...(asked !== undefined && { asked: cutList(asked) }),
  }
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}... (${text.length} characters)`
}

function cutList(texts: readonly string[]): readonly string[] {
  const more = texts.length - MAX_COMMANDS
  const kept = texts.slice(0, MAX_COMMANDS).map(cut)
  return more > 0 ? [...kept, `... (${more} more)`] : kept
}
