import { keyOfString } from '../dn/keyOfString.ts'
import type { PolicyFile, PolicyRule } from '../proxy/types.ts'
import { badPolicyFile, decodePolicyText, MAX_RULES } from './decodePolicyText.ts'
import { type PatternPiece, policyPattern } from './policyPattern.ts'

const STATEMENT =
  /^TO\s+ISSUER\s+(?:(SELF)|"([^"]*)")\s+(PERMIT|DENY)\s+SUBJECT\s+(?:"([^"]*)"|'\s*"([^"]*)"\s*')$/i

/**
 * Parses a `.namespaces` file (EUGridPMA format 1.0): which subjects each issuer may sign, which not. The one
 * operator in a pattern is `.*`; all else is literal, and a warning names what looks like more of a regular
 * expression. Throws Refusal 'policy-file-bad' with the line for anything not understood.
 */
export function parseNamespaces(file: Uint8Array): PolicyFile {
  const rules: PolicyRule[] = []
  const warnings: string[] = []
  for (const { text, line } of logicalLines(decodePolicyText(file))) {
    if (rules.length === MAX_RULES) throw badPolicyFile(`more than ${MAX_RULES} rules`, line)
    const rule = parseStatement(text, line)
    if (/[\\|+{^$]/.test(rule.pattern)) {
      warnings.push(
        `line ${line}: taken literally, though it looks like a regular expression: ${rule.pattern}`,
      )
    }
    rules.push(rule)
  }
  return { rules, warnings }
}

function parseStatement(text: string, line: number): PolicyRule {
  const found = STATEMENT.exec(text)
  if (found === null) throw badPolicyFile('not a statement TO ISSUER … PERMIT|DENY SUBJECT …', line)
  const [, self, issuer = '', verb = '', plain, stray = ''] = found
  const pattern = plain ?? stray
  const literals = pattern.split('.*')
  const pieces = literals.flatMap((literal, index): PatternPiece[] =>
    index === 0 ? [literal] : [{ wildcard: 'any' }, literal],
  )
  const matches = policyPattern(pieces)
  if (matches === undefined) throw badPolicyFile('a pattern holds private-use characters', line)
  return {
    issuer: self ? 'SELF' : keyOfString(issuer),
    permit: verb.toUpperCase() === 'PERMIT',
    pattern,
    matches,
  }
}

/** Lines without comments, those that end in a backslash joined to the next; `line` is where each begins. */
function* logicalLines(text: string): Generator<{ text: string; line: number }> {
  let joined = ''
  let start = 1
  const lines = text.split('\n')
  for (const [index, raw] of lines.entries()) {
    const number = index + 1
    checkVersion(raw, number)
    const bare = withoutComment(raw).trim()
    if (joined === '') start = number
    if (bare.endsWith('\\') && index < lines.length - 1) {
      joined += `${bare.slice(0, -1)} `
      continue
    }
    const whole = (joined + bare).trim()
    joined = ''
    if (whole !== '') yield { text: whole, line: start }
  }
}

function checkVersion(line: string, number: number): void {
  const version = /^\s*#\s*NAMESPACES-VERSION\s*:(.*)/i.exec(line)?.[1]?.trim()
  if (version !== undefined && version !== '1.0') throw badPolicyFile(`version ${version} is not 1.0`, number)
}

/** Cuts at the first # that is not between double quotes. */
function withoutComment(line: string): string {
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted
    if (line[at] === '#' && !quoted) return line.slice(0, at)
  }
  return line
}
