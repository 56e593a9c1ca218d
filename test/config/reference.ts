import { keyInfo, TABLES, type TableName } from '../../src/config/schema.ts'

/** What stands above each table in config/full.toml and docs/config.md. */
const TABLE_NOTES: Record<TableName, string> = {
  log: 'Logging.',
  store: 'Where members live.',
  directory: 'How members are looked up and cached.',
  trust: 'Whom to trust: CAs, CRLs, and the AC issuers of other ACs.',
  authentication: 'Which certificate chains clients may present.',
  signing: 'How ACs are signed.',
  processes: 'How the daemon is made of processes.',
  audit: 'The record of what was issued.',
  limits: 'What one client, and all clients together, may take. Each process counts for itself.',
  observe: 'Where the daemon can be watched.',
  defaults: 'Values for every VO below. Each of these keys may stand in a [[vo]] table too, and wins there.',
  vo: 'One table for each VO. Every key of [defaults] may stand here as well.',
}

function keysOf(table: TableName): string[] {
  const names = Object.keys(TABLES[table].shape)
  return table === 'vo' ? names.filter(name => !Object.hasOwn(TABLES.defaults.shape, name)) : names
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length + 1 <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

function upperFirst(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1)
}

/** Keys that must stay commented out, since config/full.toml uses the embedded database. */
function isOff(table: TableName, name: string): boolean {
  return table === 'store' && name !== 'kind' && name !== 'folder'
}

/** The text of config/full.toml. */
export function renderFullToml(): string {
  const lines = [
    '# Every key of vouchd, with its meaning and default. Keys that have no default, or do not go with the',
    '# embedded database, are commented out. docs/config.md says more; `vouchd check` finds every fault.',
  ]
  for (const table of Object.keys(TABLES) as TableName[]) {
    lines.push('', ...wrap(TABLE_NOTES[table], 98).map(line => `# ${line}`))
    lines.push(table === 'vo' ? '[[vo]]' : `[${table}]`)
    for (const name of keysOf(table)) {
      const info = keyInfo(table, name)!
      lines.push('', ...wrap(info.about, 98).map(line => `# ${line}`))
      lines.push(...wrap(`Write ${info.expected}.`, 98).map(line => `# ${line}`))
      const fallback = info.fallbackText ?? info.fallback!
      lines.push(
        ...wrap(fallback === 'required' ? 'Required.' : `Default: ${fallback}.`, 98).map(l => `# ${l}`),
      )
      const active = !isOff(table, name) && (info.fallback !== undefined || fallback === 'required')
      lines.push(`${active ? '' : '#'}${name} = ${info.fallback ?? info.example!}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** The tables of docs/config.md, which stand between its two markers. */
export function renderConfigTables(): string {
  const lines: string[] = []
  for (const table of Object.keys(TABLES) as TableName[]) {
    lines.push(`### ${table === 'vo' ? '[[vo]]' : `[${table}]`}`, '', TABLE_NOTES[table], '')
    lines.push('| Key | Meaning | Value | Default |', '|---|---|---|---|')
    for (const name of keysOf(table)) {
      const info = keyInfo(table, name)!
      const fallback = info.fallbackText ?? `\`${info.fallback}\``
      const cells = [`\`${name}\``, info.about, upperFirst(info.expected), fallback]
      lines.push(`| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    }
    lines.push('')
  }
  return lines.join('\n')
}
