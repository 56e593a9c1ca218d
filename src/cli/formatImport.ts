import type { DirectoryChange } from '../adopt/directoryChanges.ts'
import type { FollowTurn } from '../adopt/followSource.ts'
import type { ImportResult } from '../adopt/importSource.ts'
import { printable } from './printable.ts'
import { formatTable } from './table.ts'

const SHOWN_EXAMPLES = 10

/** The report of an import for people. */
export function formatImport({
  vo,
  dryRun,
  created,
  resolution,
  counts,
  changes,
  findings,
}: ImportResult): string {
  const counted = Object.entries(counts).map(([name, count]) => [`  ${spelledOut(name)}`, String(count)])
  const head = dryRun ? `VO ${vo}: dry run, nothing was changed; it would hold` : `VO ${vo} holds`
  const parts = [
    `${printable(head)}${created ? ' (new)' : ''}\n${formatTable(counted)}`,
    `requests resolve by the rules of ${resolution === 'iam' ? 'INDIGO IAM' : 'vomsd'}\n`,
    formatChanges(changes),
    ...findings.map(
      ({ kind, severity, decided, choices, meaning, count, examples }) =>
        `${severity === 'decision' ? 'decide' : 'note'}: ${count} x ${printable(meaning)}${formatChoice(kind, decided, choices)}\n${examples
          .slice(0, SHOWN_EXAMPLES)
          .map(example => `  ${printable(example)}\n`)
          .join('')}${examples.length > SHOWN_EXAMPLES ? '  ... (--json shows more)\n' : ''}`,
    ),
  ]
  return parts.join('')
}

/** The option that decided, and what else it takes. */
function formatChoice(kind: string, decided: string | undefined, choices: readonly string[]): string {
  if (decided === undefined) return ''
  const others = choices.filter(choice => choice !== decided)
  return ` (--on-${kind} ${decided}; or ${others.join(', ')})`
}

function formatChanges(changes: ImportResult['changes']): string {
  const changed = Object.entries(changes)
    .filter(([, { inserted, updated, deleted }]) => inserted + updated + deleted > 0)
    .map(([table, { inserted, updated, deleted }]) => [
      `  ${spelledOut(table)}`,
      `${inserted} new`,
      `${updated} changed`,
      `${deleted} removed`,
    ])
  return changed.length === 0 ? 'no changes\n' : `changes\n${formatTable(changed)}`
}

/** One look of a follower, on a line. */
export function formatTurn(vo: string, { kind, changes }: FollowTurn): string {
  const parts = Object.entries(changes).flatMap(([table, { inserted, updated, deleted }]) => {
    const counts = [
      [inserted, 'new'],
      [updated, 'changed'],
      [deleted, 'removed'],
    ] as const
    return counts.filter(([count]) => count > 0).map(([count, how]) => `${count} ${spelledOut(table)} ${how}`)
  })
  const what =
    kind === 'everything' ? 'read whole' : kind === 'members' ? 'read what changed' : 'nothing changed'
  return `VO ${printable(vo)} followed: ${what}${parts.length === 0 ? '' : `; ${parts.join(', ')}`}\n`
}

const SIGNS = { insert: '+', update: '~', delete: '-' } as const

/** One change of a dry run, on a line. */
export function formatChange({ action, kind, what, before, after }: DirectoryChange): string {
  const values =
    action === 'update'
      ? Object.keys(after ?? {})
          .map(name => `${name}: ${JSON.stringify(before?.[name])} -> ${JSON.stringify(after?.[name])}`)
          .join(', ')
      : ''
  return `  ${SIGNS[action]} ${spelledOut(kind)} ${printable(what)}${values === '' ? '' : `: ${printable(values)}`}\n`
}

/** suspendedCertificates, vo_group: as words. */
function spelledOut(name: string): string {
  return name.replaceAll('_', ' ').replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}
