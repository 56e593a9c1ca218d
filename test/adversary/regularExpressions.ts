import { readdirSync, readFileSync } from 'node:fs'

export interface FoundRegExp {
  /** file:line */
  readonly place: string
  readonly source: string
  readonly flags: string
}

const ROOT = new URL('../../', import.meta.url)

/** Every regular expression literal of the sources, found by the tokens around it. */
export function regExpLiterals(): FoundRegExp[] {
  return sourceFiles().flatMap(file => {
    const text = readFileSync(new URL(file, ROOT), 'utf8')
    return [...text.matchAll(LITERAL)].map(match => ({
      place: `${file}:${text.slice(0, match.index).split('\n').length}`,
      source: match[1]!,
      flags: match[2]!,
    }))
  })
}

/** Where expressions are put together at run time. */
export function builtRegExps(): string[] {
  return sourceFiles().filter(file => /\bRegExp\(/.test(readFileSync(new URL(file, ROOT), 'utf8')))
}

function sourceFiles(): string[] {
  return ['native-free', 'src'].flatMap(folder =>
    readdirSync(new URL(`${folder}/`, ROOT), { recursive: true })
      .map(file => `${folder}/${file}`)
      .filter(file => file.endsWith('.ts'))
      .sort(),
  )
}

/** After what an operand may begin; not within a comment's words, nor a division. */
const LITERAL =
  /(?<=[=(,:;!&|?{[]\s*|=>\s*|return\s|^\s*)\/(?![*/])((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)(?=[.,;)\]\s:])/gm

/** One repetition within another, both without an upper end: what may take exponential time. */
export function nestedQuantifiers(source: string): boolean {
  const depths: boolean[] = []
  let inClass = false
  for (let at = 0; at < source.length; at++) {
    const char = source[at]!
    if (char === '\\') at++
    else if (inClass) inClass = char !== ']'
    else if (char === '[') inClass = true
    else if (char === '(') depths.push(false)
    else if (char === ')') {
      const repeatsWithin = depths.pop()!
      const isRepeated = isUnbounded(source, at + 1)
      if (repeatsWithin && isRepeated) return true
      if (repeatsWithin || isRepeated) markOuter(depths)
    } else if (isUnbounded(source, at) && source[at - 1] !== '(') markOuter(depths)
  }
  return false
}

function markOuter(depths: boolean[]): void {
  if (depths.length > 0) depths[depths.length - 1] = true
}

function isUnbounded(source: string, at: number): boolean {
  return /^(?:[*+]|\{\d+,\})/.test(source.slice(at))
}

/** Texts that begin as the expression wants and then go on for long, of each kind of character that it names. */
export function longTexts(source: string, length: number): string[] {
  const words = new Set<string>()
  for (const [, escaped, literal] of source.matchAll(
    /\\([dDsSwWbnrtvf0]|x[0-9a-f]{2}|u[0-9a-f]{4}|[^a-z0-9])|([A-Za-z0-9 "',:=<>#%&/!~-])/gi,
  )) {
    words.add(escaped === undefined ? literal! : representative(escaped))
  }
  const starts = ['', literalStart(source)]
  const units = [...words, ...pairs([...words].slice(0, 8)), 'a', '0', ' ', '/', '.', '\\', '"']
  return starts.flatMap(start =>
    units.map(unit => `${start}${unit.repeat(Math.ceil(length / unit.length))}\u0001`),
  )
}

const REPRESENTATIVES: Readonly<Record<string, string>> = {
  d: '7',
  w: 'a',
  s: ' ',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  f: '\f',
}

function representative(escaped: string): string {
  if (/^[xu]./.test(escaped)) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return REPRESENTATIVES[escaped] ?? escaped
}

const literalStart = (source: string) => /^\^?([A-Za-z0-9 /<":=-]*)/.exec(source.replaceAll('\\', ''))![1]!

const pairs = (words: readonly string[]) => words.flatMap(a => words.filter(b => b !== a).map(b => a + b))
