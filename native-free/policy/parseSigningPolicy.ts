import { keyOfString } from '../dn/keyOfString.ts'
import type { PolicyFile, PolicyRule } from '../proxy/types.ts'
import { badPolicyFile, decodePolicyText, MAX_RULES } from './decodePolicyText.ts'
import { type PatternPiece, policyPattern } from './policyPattern.ts'

interface Token {
  readonly text: string
  readonly line: number
}

/**
 * Parses a `.signing_policy` file (EACL): the subjects that each CA named in it may sign. Only access_id_CA X509
 * with the positive right CA:sign grants. Throws Refusal 'policy-file-bad' with the line for anything not
 * understood: unknown keywords, open quotes, negative rights.
 */
export function parseSigningPolicy(file: Uint8Array): PolicyFile {
  const tokens = new TokenReader(tokenize(decodePolicyText(file)))
  const rules: PolicyRule[] = []
  while (tokens.peek() !== undefined) {
    const issuers = readIdentities(tokens)
    const patterns = readRights(tokens)
    if (rules.length + issuers.length * patterns.length > MAX_RULES) {
      throw badPolicyFile(`more than ${MAX_RULES} rules`, tokens.line)
    }
    for (const issuer of issuers) for (const pattern of patterns) rules.push({ issuer, ...pattern })
  }
  return { rules, warnings: [] }
}

/** One or more identities; the keys of those that are CAs. */
function readIdentities(tokens: TokenReader): string[] {
  const issuers: string[] = []
  let count = 0
  for (; tokens.peek()?.startsWith('access_id_'); count++) {
    const kind = tokens.next()
    if (kind === 'access_id_ANYBODY') continue
    const authority = tokens.next()
    const value = tokens.next()
    if (kind === 'access_id_CA' && authority === 'X509') issuers.push(keyOfString(value))
  }
  if (count === 0)
    throw badPolicyFile(`an access_id_ keyword was expected, not ${tokens.next()}`, tokens.line)
  return issuers
}

type Grant = Omit<PolicyRule, 'issuer'>

/** One or more rights with their conditions; the patterns under CA:sign. */
function readRights(tokens: TokenReader): Grant[] {
  const grants: Grant[] = []
  let count = 0
  for (; tokens.peek() === 'pos_rights' || tokens.peek() === 'neg_rights'; count++) {
    const negative = tokens.next() === 'neg_rights'
    const authority = tokens.next()
    const signs = tokens.next() === 'CA:sign'
    if (signs && (negative || authority !== 'globus')) {
      throw badPolicyFile('CA:sign is only understood as a positive right of globus', tokens.line)
    }
    const subjects = readConditions(tokens)
    if (signs) grants.push(...subjects)
  }
  if (count === 0) throw badPolicyFile(`a right was expected, not ${tokens.next()}`, tokens.line)
  return grants
}

function readConditions(tokens: TokenReader): Grant[] {
  const grants: Grant[] = []
  let named = false
  while (tokens.peek()?.startsWith('cond_')) {
    const keyword = tokens.next()
    const authority = tokens.next()
    const value = tokens.next()
    if (keyword !== 'cond_subjects') continue
    if (authority !== 'globus') throw badPolicyFile('cond_subjects is only understood of globus', tokens.line)
    named = true
    for (const pattern of splitPatterns(value, tokens.line)) grants.push(permit(pattern, tokens.line))
  }
  // A right without subjects names its CA and allows it nothing.
  return named ? grants : [{ permit: true, pattern: '', matches: () => false }]
}

/** Several patterns in double quotes, or one pattern without any. */
function splitPatterns(value: string, line: number): string[] {
  if (!value.includes('"')) return [value.trim()]
  const parts = value.split('"')
  const outside = parts.filter((_, index) => index % 2 === 0)
  if (parts.length % 2 === 0 || outside.some(text => text.trim() !== '')) {
    throw badPolicyFile('double quotes of cond_subjects do not pair', line)
  }
  return parts.filter((_, index) => index % 2 === 1)
}

function permit(pattern: string, line: number): Grant {
  const pieces = Array.from(pattern.matchAll(/\*+|\?|[^*?]+/g), ([text]): PatternPiece => {
    if (text.startsWith('*')) return { wildcard: 'any' }
    return text === '?' ? { wildcard: 'one' } : text
  })
  const matches = policyPattern(pieces)
  if (matches === undefined) throw badPolicyFile('a pattern holds private-use characters', line)
  return { permit: true, pattern, matches }
}

class TokenReader {
  readonly #tokens: readonly Token[]
  #next = 0
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }
  /** Line of the last token taken. */
  get line(): number {
    return this.#tokens[Math.max(0, this.#next - 1)]?.line ?? 1
  }
  peek(): string | undefined {
    return this.#tokens[this.#next]?.text
  }
  next(): string {
    const token = this.#tokens[this.#next]
    if (token === undefined) throw badPolicyFile('the file ends within an entry', this.line)
    this.#next++
    return token.text
  }
}

/** White space separates; '…' is one token, in which \x yields x; a token starting with # comments out its line. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let at = 0
  while (at < text.length) {
    const character = text[at]!
    if (character === '\n') line++
    if (/\s/.test(character)) {
      at++
    } else if (character === '#') {
      while (at < text.length && text[at] !== '\n') at++
    } else if (character === "'") {
      const quoted = readQuoted(text, at + 1, line)
      tokens.push({ text: quoted.value, line })
      line += quoted.lines
      at = quoted.end
    } else {
      const start = at
      while (at < text.length && !/\s/.test(text[at]!)) at++
      tokens.push({ text: text.slice(start, at), line })
    }
  }
  return tokens
}

function readQuoted(
  text: string,
  start: number,
  line: number,
): { value: string; end: number; lines: number } {
  let value = ''
  for (let at = start; at < text.length; at++) {
    if (text[at] === "'") return { value, end: at + 1, lines: value.split('\n').length - 1 }
    if (text[at] === '\\' && at + 1 < text.length) at++
    value += text[at]
  }
  throw badPolicyFile('a quote is not closed', line)
}
