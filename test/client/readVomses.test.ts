import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readVomses, serversOf } from '../../src/client/readVomses.ts'

const folder = mkdtempSync(join(tmpdir(), 'vouchd-vomses-'))
afterAll(() => rmSync(folder, { recursive: true }))

const line = (nick: string, host: string, vo = nick, port = 15_000) =>
  `"${nick}" "${host}" "${port}" "/CN=${host}" "${vo}"\n`
const file = join(folder, 'single')
writeFileSync(
  file,
  `# servers\n${line('vo', 'a.example')}nonsense\n${line('nick', 'c.example', 'long.vo.name')}`,
)
const many = join(folder, 'many')
mkdirSync(join(many, 'below'), { recursive: true })
writeFileSync(join(many, 'vo-a'), line('vo', 'A.example'))
writeFileSync(join(many, 'vo-b'), line('vo', 'b.example'))
writeFileSync(join(many, 'vo-b~'), line('vo', 'backup.example'))
writeFileSync(join(many, '.hidden'), line('vo', 'hidden.example'))
writeFileSync(join(many, 'vo-c.rpmnew'), line('vo', 'new.example'))

const hosts = (name: string, ...paths: string[]) =>
  serversOf(name, readVomses(paths), paths).map(({ host }) => host)

it('reads files and folders, each server once, and passes over what editors and packages leave behind', () => {
  expect(hosts('vo', file, many)).toEqual(['a.example', 'b.example'])
})

it('tells of a bad line and keeps the others', () => {
  const { entries, faults } = readVomses([file])
  expect(entries).toHaveLength(2)
  expect(faults).toEqual([`${file} line 3: not a row of quoted fields`])
})

it('finds a VO by its nick, else by its name', () => {
  expect(hosts('nick', file)).toEqual(['c.example'])
  expect(hosts('long.vo.name', file)).toEqual(['c.example'])
})

it('names what there is when a VO is not there', () => {
  expect(() => hosts('other', file)).toThrow(
    expect.objectContaining({
      code: 'vomses',
      advice: 'known are nick, vo',
      message: expect.stringContaining(file),
    }),
  )
  expect(() => hosts('other')).toThrow(
    expect.objectContaining({ message: expect.stringContaining('no vomses file') }),
  )
})

it('tells of a path that is not there', () => {
  expect(() => readVomses([join(folder, 'nope')])).toThrow(expect.objectContaining({ code: 'vomses' }))
})
