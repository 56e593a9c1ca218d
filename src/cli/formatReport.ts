import type { CheckArea, CheckFinding } from '../check/finding.ts'
import { printable } from './printable.ts'

/** What was looked at, and what was found there. */
export interface AreaReport {
  readonly area: CheckArea
  /** What was looked at, for people: "2 VOs", "82 CAs, 80 CRLs". */
  readonly scope: string
  readonly findings: readonly CheckFinding[]
}

/** The report for people: a line for each area, its findings below it, each with what to do. */
export function formatReport(areas: readonly AreaReport[]): string {
  const width = Math.max(...areas.map(({ area }) => area.length))
  const lines = areas.flatMap(({ area, scope, findings }) => [
    `${area.padEnd(width)}  ${summary(findings)}  (${printable(scope)})`,
    ...findings.flatMap(formatFinding),
  ])
  const all = areas.flatMap(({ findings }) => findings)
  return `${[...lines, '', `${count(all, 'error')}, ${count(all, 'warning')}`].join('\n')}\n`
}

const MARKS = { error: 'ERROR  ', warning: 'warning', note: 'note   ' } as const

function formatFinding({ level, place, what, advice }: CheckFinding): string[] {
  return [`  ${MARKS[level]} ${printable(`${place} ${what}`)}`, `          -> ${printable(advice)}`]
}

function summary(findings: readonly CheckFinding[]): string {
  if (findings.some(({ level }) => level === 'error')) return 'FAULTY'
  return findings.some(({ level }) => level === 'warning') ? 'ok, with warnings' : 'ok'
}

function count(findings: readonly CheckFinding[], level: CheckFinding['level']): string {
  const number = findings.filter(finding => finding.level === level).length
  return `${number} ${level}${number === 1 ? '' : 's'}`
}
