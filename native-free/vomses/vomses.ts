import { Refusal } from '../refusal.ts'

/** One server of one VO, as a vomses file names it (docs/protocol.md 6.1). */
export interface VomsesEntry {
  /** What the user types; usually the VO's name. */
  readonly nick: string
  readonly host: string
  readonly port: number
  /** One-line DN of the server's certificate. No client checks it. */
  readonly dn: string
  readonly vo: string
  /** The optional sixth field; kept, never used. */
  readonly globusVersion: string | undefined
}

/** Lines of this length and more are not read by every client. */
const MAX_LINE = 1023
const FIELDS = /^[ \t]*"[^"]*"(?:[ \t]+"[^"]*")*[ \t]*$/
const FIELD_NAMES = ['nick', 'host', 'port', 'DN', 'VO']

/**
 * Reads a vomses file: one server a line, five or six quoted fields; `#` comments and blank lines. A bad line
 * takes nothing from the others: it comes back as a Refusal with its line number (from 1).
 */
export function parseVomses(text: string): { entries: readonly VomsesEntry[]; refusals: readonly Refusal[] } {
  const entries: VomsesEntry[] = []
  const refusals: Refusal[] = []
  text.split('\n').forEach((ended, index) => {
    const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended
    if (/^[ \t]*(?:#|$)/.test(line)) return
    try {
      entries.push(parseVomsesLine(line, index + 1))
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal
      refusals.push(refusal)
    }
  })
  return { entries, refusals }
}

/** Reads one line. Throws Refusal VOMSES_LINE with `at` = lineNumber. */
export function parseVomsesLine(line: string, lineNumber: number): VomsesEntry {
  const refuse = (what: string) => new Refusal('VOMSES_LINE', `line ${lineNumber}: ${what}`, lineNumber)
  if (!FIELDS.test(line)) throw refuse('not a row of quoted fields')
  const fields = [...line.matchAll(/"([^"]*)"/g)].map(match => match[1]!)
  if (fields.length !== 5 && fields.length !== 6) throw refuse(`${fields.length} fields instead of 5 or 6`)
  const empty = fields.slice(0, 5).indexOf('')
  if (empty >= 0) throw refuse(`the ${FIELD_NAMES[empty]} is empty`)
  const [nick, host, portText, dn, vo, globusVersion] = fields as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ]
  const port = /^[0-9]{1,5}$/.test(portText) ? Number(portText) : 0
  if (!isPort(port)) throw refuse(`no port: ${portText.slice(0, 20)}`)
  return { nick, host, port, dn, vo, globusVersion }
}

/** Writes one line, LF included. Throws Refusal VOMSES_VALUE for what no client could read back. */
export function formatVomsesLine(entry: VomsesEntry): string {
  const fields = [entry.nick, entry.host, String(entry.port), entry.dn, entry.vo]
  if (entry.globusVersion !== undefined) fields.push(entry.globusVersion)
  const bad = fields.find(field => field === '' || /["\x00-\x1f\x7f]/.test(field))
  if (bad !== undefined)
    throw new Refusal('VOMSES_VALUE', `cannot stand in a vomses line: "${bad.slice(0, 100)}"`)
  if (!isPort(entry.port)) throw new Refusal('VOMSES_VALUE', `no port: ${entry.port}`)
  const line = fields.map(field => `"${field}"`).join(' ')
  if (line.length > MAX_LINE) throw new Refusal('VOMSES_VALUE', `a line of more than ${MAX_LINE} characters`)
  return `${line}\n`
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535
}
