import { Command } from 'commander'
import { type ChangesFilter, listChanges, type RecordedChange } from '../../admin/changes.ts'
import { parseEnd } from '../../admin/parseEnd.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../exitCodes.ts'
import { formatTable } from '../table.ts'
import { parseCount } from './parseOptions.ts'
import { fromOption, run } from './runAdmin.ts'

const LISTED = 100

const HELP = `
Every change of members, certificates, groups, roles and attributes, whoever made it by whatever way, with who, when,
what, before, after and why. The last ${LISTED} are shown, the oldest of them first. Over a PostgreSQL server it reads as the
role ownerUser.

Examples:
  vouchd changes --vo vo.example --since 7d
  vouchd changes --member 42 --json`

interface Options {
  readonly vo?: string
  readonly member?: string
  readonly since?: string
  readonly limit?: number
  readonly json?: true
}

/** `vouchd changes`: the record of changes. */
export function changesCommand(context: CliContext): Command {
  return new Command('changes')
    .description('show who changed what, when and why')
    .option('--vo <name>', 'only in this VO')
    .option('--member <member>', 'only of this member: number, or subject of a certificate')
    .option('--since <when>', 'only since then: 2026-01-31, 2026-01-31T12:00:00Z, 90m, 24h or 7d')
    .option('--limit <count>', `show the last so many; ${LISTED} when absent`, parseCount)
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      context.action((options: Options) => {
        const { vo, member, since, limit = LISTED, json } = options
        const filter: ChangesFilter = {
          limit,
          ...(vo === undefined ? {} : { vo }),
          ...(member === undefined ? {} : { member }),
          ...(since === undefined ? {} : { since: parseSince(since, context.io.clock.now()) }),
        }
        return run(context, options, 'owner', async db => {
          const changes = await listChanges(db, filter)
          context.io.out(json ? `${JSON.stringify(changes, undefined, 2)}\n` : changesTable(changes))
        })
      }),
    )
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 }

function parseSince(text: string, now: number): Date {
  const [, count, unit] = /^([1-9][0-9]{0,5})([mhd])$/.exec(text) ?? []
  if (count !== undefined) return new Date((now - Number(count) * UNIT_SECONDS[unit!]!) * 1000)
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text
  const at = fromOption('--since', () => parseEnd(day))
  if (at === null) throw new CliError(EXIT.usage, '--since: never is no time')
  return at
}

function changesTable(changes: readonly RecordedChange[]): string {
  if (changes.length === 0) return 'no changes\n'
  const rows = changes.map(change => [
    change.at.toISOString().slice(0, 19).replace('T', ' '),
    change.actor,
    change.vo ?? '-',
    change.member ?? '-',
    whatOf(change),
    change.reason ?? '-',
  ])
  return formatTable([['TIME (UTC)', 'WHO', 'VO', 'MEMBER', 'WHAT', 'WHY'], ...rows])
}

const VERBS = { insert: 'added', update: 'changed', delete: 'removed', truncate: 'emptied' } as const

function whatOf(change: RecordedChange): string {
  const { action, kind, about, rows } = change
  const what = `${VERBS[action]} ${kind.replace('vo_group', 'group').replaceAll('_', ' ')}`
  if (rows !== undefined) return `${what}: ${rows} rows`
  const named = about === undefined ? what : `${what} ${about}`
  return action === 'update' ? `${named}: ${differences(change).join(', ')}` : named
}

const SHOWN_CHARACTERS = 60

function differences({ before = {}, after = {} }: RecordedChange): string[] {
  return Object.keys(after)
    .filter(key => JSON.stringify(before[key]) !== JSON.stringify(after[key]) && !key.endsWith('_key'))
    .map(key => `${key} ${valueText(before[key])} -> ${valueText(after[key])}`)
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`
}
