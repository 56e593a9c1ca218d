import { type ParseArgsConfig, type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** One option of a benchmark: what it is by default, and what it does. */
export interface Option {
  readonly value: string | boolean
  readonly about: string
  /** What --help calls its value; N without it. */
  readonly shape?: string
}

type Options = Readonly<Record<string, Option>>
type Values<T extends Options> = {
  readonly [K in keyof T]: T[K]['value'] extends boolean ? boolean : string
} & { readonly json: boolean; readonly positionals: readonly string[] }

/** The options of a benchmark from its command line. Answers --help and ends the process for what it does not know. */
export function readOptions<const T extends Options>(
  usage: string,
  options: T,
  allowPositionals = false,
): Values<T> {
  const all: Options = {
    ...options,
    json: { value: false, about: 'one JSON document instead of a table' },
    help: { value: false, about: 'this text' },
  }
  const config: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(all).map(([name, { value }]) => [
      name,
      typeof value === 'boolean' ? { type: 'boolean', default: value } : { type: 'string', default: value },
    ]),
  )
  const { values, positionals } = parseOrExplain(helpText(usage, all), { options: config, allowPositionals })
  return { ...values, positionals } as unknown as Values<T>
}

/** What parseArgs makes of the command line. Answers --help and ends the process for what it does not know. */
export function parseOrExplain<const T extends ParseArgsConfig>(
  help: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    const parsed = parseArgs(config)
    if ((parsed.values as Record<string, unknown>)['help'] !== true) return parsed
  } catch (cause) {
    console.error(`${(cause as Error).message}\n\n${help.trimEnd()}`)
    process.exit(2)
  }
  console.log(help.trimEnd())
  process.exit(0)
}

function helpText(usage: string, options: Options): string {
  const rows = Object.entries(options).map(([name, { value, about, shape }]) => {
    const left = typeof value === 'boolean' ? `--${name}` : `--${name} ${shape ?? 'N'}`
    return [left, typeof value === 'boolean' || value === '' ? about : `${about} (${value})`] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return [usage, ...rows.map(([left, about]) => `  ${left.padEnd(width)}  ${about}`)].join('\n')
}

/** A whole number within bounds; ends the process for anything else, so that no load is unbounded by a slip. */
export function whole(text: string, name: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  console.error(`--${name}: write a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`)
  process.exit(2)
}

/** One of some words; ends the process for any other. */
export function oneOf<const T extends string>(text: string, name: string, words: readonly T[]): T {
  const found = words.find(word => word === text)
  if (found !== undefined) return found
  console.error(`--${name}: write one of ${words.join(', ')}, not ${JSON.stringify(text)}`)
  process.exit(2)
}

/** A list of words, divided by commas, each of them one of some. */
export function someOf<const T extends string>(text: string, name: string, words: readonly T[]): T[] {
  return text.split(',').map(word => oneOf(word.trim(), name, words))
}
