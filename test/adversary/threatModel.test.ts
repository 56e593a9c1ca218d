import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const ROOT = new URL('../../', import.meta.url)

it.each(['docs/threat-model.md', 'docs/reliability.md', 'SECURITY.md'])(
  '%s names no file that is not there',
  page => {
    const text = readFileSync(new URL(page, ROOT), 'utf8')
    const named = [...text.matchAll(/`((?:test|src|native-free|docs|bench)\/[\w./-]+)`/g)].map(
      match => match[1]!,
    )
    const linked = [...text.matchAll(/\]\((?!http)([\w./-]+)\)/g)].map(([, path]) =>
      page.startsWith('docs/') ? `docs/${path}` : path!,
    )
    expect([...named, ...linked].filter(path => !existsSync(new URL(path, ROOT)))).toEqual([])
  },
)

it('docs/threat-model.md gives every threat a test', () => {
  const text = readFileSync(new URL('docs/threat-model.md', ROOT), 'utf8')
  const threats = text.slice(text.indexOf('## Threats'), text.indexOf('## What remains'))
  const rows = threats.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| Threat'))
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.filter(row => !/`test\/[^`]+`[^|]*\|$/.test(row))).toEqual([])
})
