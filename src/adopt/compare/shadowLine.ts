import type { Outcome } from './outcome.ts'

/** First line of an export. */
export interface ExportHead {
  readonly format: 'vouchd-compare'
  readonly version: 1
  readonly vo: string
  readonly mode: string
}

/** Every further line: one certificate and what its standard requests come to, by query. */
export interface ExportLine {
  readonly subject: string
  readonly issuer: string
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** An export that cannot be used; `message` says where and why. */
export class ExportFault extends Error {}

/** Lines stand in this order, so that two exports can be laid side by side. */
export function compareKeys(a: Pick<ExportLine, 'subject' | 'issuer'>, b: typeof a): number {
  if (a.subject !== b.subject) return a.subject < b.subject ? -1 : 1
  return a.issuer === b.issuer ? 0 : a.issuer < b.issuer ? -1 : 1
}

/** Reads an export line by line. Throws ExportFault for what is none, or is one of another VO, or is out of order. */
export async function* readExport(lines: AsyncIterable<string>, vo: string): AsyncGenerator<ExportLine> {
  let number = 0
  let before: ExportLine | undefined
  for await (const text of lines) {
    number += 1
    if (number === 1) checkHead(parse(text, number), vo)
    else if (text !== '') {
      const line = toLine(parse(text, number), number)
      if (before !== undefined && compareKeys(before, line) >= 0) {
        throw new ExportFault(`line ${number} is out of order`)
      }
      before = line
      yield line
    }
  }
  if (number === 0) throw new ExportFault('is empty')
}

function parse(text: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new ExportFault(`line ${number} is no JSON object`)
}

function checkHead({ format, version, vo }: Record<string, unknown>, wanted: string): void {
  if (format !== 'vouchd-compare' || version !== 1) {
    throw new ExportFault('is no export of `vouchd compare --export`, or one of another version')
  }
  if (vo !== wanted) throw new ExportFault(`is an export of VO ${String(vo)}`)
}

function toLine(value: Record<string, unknown>, number: number): ExportLine {
  const { subject, issuer, outcomes } = value
  const isLine = typeof subject === 'string' && typeof issuer === 'string' && isOutcomes(outcomes)
  if (!isLine) throw new ExportFault(`line ${number} is no line of an export`)
  return { subject, issuer, outcomes }
}

function isOutcomes(value: unknown): value is ExportLine['outcomes'] {
  return typeof value === 'object' && value !== null && Object.values(value).every(isOutcome)
}

function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== 'object' || value === null) return false
  const { kind, fqans, attributes, warnings, message } = value as Record<string, unknown>
  if (kind === 'granted') return [fqans, attributes, warnings].every(Array.isArray)
  return (kind === 'refused' || kind === 'failed') && typeof message === 'string'
}
