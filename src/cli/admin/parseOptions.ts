import { InvalidArgumentError } from 'commander'

/** Parsers of option values, for commander; they throw its InvalidArgumentError. */
export function parseYesNo(text: string): boolean {
  if (text === 'yes') return true
  if (text === 'no') return false
  throw new InvalidArgumentError('write yes or no.')
}

export function parseCount(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('write a whole number above 0.')
}

/** For an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
