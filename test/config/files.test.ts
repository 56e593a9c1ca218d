import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../../src/config/checkConfig.ts'
import { readConfig } from '../../src/config/readConfig.ts'
import { TABLES, type TableName } from '../../src/config/schema.ts'
import { renderConfigTables, renderFullToml } from './reference.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'config')
const fullToml = join(folder, 'full.toml')
const reference = join(root, 'docs/config.md')
const BEGIN = '<!-- keys -->'
const END = '<!-- /keys -->'

/** With UPDATE_DOCS=1 the two generated texts are written instead of compared. */
const update = process.env['UPDATE_DOCS'] === '1'

function tablesOfDocs(text: string): [string, string, string] {
  const begin = text.indexOf(BEGIN) + BEGIN.length
  const end = text.indexOf(END)
  return [text.slice(0, begin), text.slice(begin, end), text.slice(end)]
}

describe('files in config/', () => {
  it.each(readdirSync(folder).filter(name => name.endsWith('.toml')))('%s is accepted', name => {
    expect(readConfig(join(folder, name)).vos.length).toBeGreaterThan(0)
  })

  it('full.toml says what the schema says', () => {
    if (update) writeFileSync(fullToml, renderFullToml())
    expect(readFileSync(fullToml, 'utf8')).toBe(renderFullToml())
  })

  it('full.toml names exactly the keys of the schema', () => {
    const named = new Map<string, string[]>()
    let table = ''
    for (const line of readFileSync(fullToml, 'utf8').split('\n')) {
      const header = /^\[+(\w+)\]+$/.exec(line)
      const setting = /^#?(\w+) = /.exec(line)
      if (header) {
        table = header[1]!
        named.set(table, [])
      } else if (setting) named.get(table)!.push(setting[1]!)
    }
    const shared = new Set(named.get('defaults'))
    for (const name of Object.keys(TABLES) as TableName[]) {
      const keys = Object.keys(TABLES[name].shape).filter(key => name !== 'vo' || !shared.has(key))
      expect(named.get(name), name).toEqual(keys)
    }
    expect([...named.keys()]).toEqual(Object.keys(TABLES))
  })

  it('full.toml spells out the defaults', () => {
    const written = readConfig(fullToml)
    const vo = { name: 'vo.example', listen: ['0.0.0.0:15000', '[::]:15000'], uri: 'voms.example.org:15000' }
    expect(written).toEqual(checkConfig({ vo: [vo] }, '/'))
  })

  it('full.toml holds values that are taken, in its comments too', () => {
    const active = readFileSync(fullToml, 'utf8').replace(/^#(\w+ = )/gm, '$1')
    const postgres = active.replace('kind = "embedded"', 'kind = "postgres"').replace(/^folder = .*$/m, '')
    const raw = parse(postgres.replace('host = "/var/run/postgresql"', 'host = "db.example.org"')) as Record<
      string,
      object
    >
    const own = { ...raw['directory'], holdingsView: 'site.holdings' }
    expect(checkConfig({ ...raw, directory: own }, '/').store).toMatchObject({
      kind: 'postgres',
      poolSize: 4,
      connectTimeoutSeconds: 2,
      queryTimeoutSeconds: 2,
      port: 5432,
    })
  })
})

describe('docs/config.md', () => {
  it('has the tables of the schema', () => {
    const tables = `\n${renderConfigTables()}`
    const [before, , after] = tablesOfDocs(readFileSync(reference, 'utf8'))
    if (update) writeFileSync(reference, before + tables + after)
    expect(tablesOfDocs(readFileSync(reference, 'utf8'))[1]).toBe(tables)
  })
})
