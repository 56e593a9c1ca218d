import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What came of one case with one client. */
export interface Result {
  readonly client: string
  readonly case: string
  readonly result:
    | 'passed'
    | 'failed'
    | 'not offered'
    | 'refused by the client itself'
    | 'warning taken as error'
  readonly detail: string
  readonly milliseconds: number
}

const FOLDER = fileURLToPath(new URL('./results/', import.meta.url))

/** Keeps the results of one test file as JSON, in a folder that git ignores. */
export async function writeResults(name: string, results: readonly Result[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`)
}

/** The results of every test file that has run here. */
export async function readResults(): Promise<Result[]> {
  const files = (await readdir(FOLDER).catch(() => [])).filter(file => file.endsWith('.json')).sort()
  const lists = await Promise.all(files.map(file => readFile(join(FOLDER, file), 'utf8')))
  return lists.flatMap(list => JSON.parse(list) as Result[])
}

const SIGNS: Record<Result['result'], string> = {
  passed: 'ok',
  failed: 'FAILED',
  'not offered': '-',
  'refused by the client itself': 'self',
  'warning taken as error': 'warn',
}

/** The table client x case as text, with a legend and the reasons of what is not offered. */
export function formatResults(results: readonly Result[]): string {
  const clients = [...new Set(results.map(({ client }) => client))]
  const cases = [...new Set(results.map(result => result.case))]
  const width = Math.max(...cases.map(name => name.length), 4)
  const cell = (client: string, name: string) => {
    const found = results.find(result => result.client === client && result.case === name)
    return (found === undefined ? '' : SIGNS[found.result]).padEnd(6)
  }
  const rows = cases.map(
    name => `${name.padEnd(width)}  ${clients.map(client => cell(client, name)).join('  ')}`,
  )
  const head = `${''.padEnd(width)}  ${clients.map((_, index) => `(${index + 1})`.padEnd(6)).join('  ')}`
  const notes = results
    .filter(({ result }) => result !== 'passed')
    .map(({ client, case: name, result, detail }) => `${client}, ${name}: ${result}: ${detail}`)
  return [
    ...clients.map((client, index) => `(${index + 1}) ${client}`),
    'ok: as expected; -: not offered by the client; self: refused by the client before it asks;',
    'warn: the client takes any warning for an error',
    '',
    ...[head, ...rows, ''],
    ...notes,
  ].join('\n')
}
