import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const ROOT = new URL('../../', import.meta.url)

it.each(['docs/threat-model.md', 'docs/reliability.md', 'docs/self-assessment.md', 'SECURITY.md'])(
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

it('docs/self-assessment.md says of each subject what it rests on, unless it is left to the operator', () => {
  const text = readFileSync(new URL('docs/self-assessment.md', ROOT), 'utf8')
  const rows = text.split('\n').filter(line => /^\| (?!Asked|-)/.test(line))
  expect(rows.length).toBeGreaterThan(30)
  for (const row of rows) {
    const [status, does, , evidence] = row.split(' | ').slice(1)
    expect(['met', 'shared', 'yours']).toContain(status)
    if (status === 'yours') continue
    expect([row, does!.length > 20, /`test\/|\]\(/.test(evidence!)]).toEqual([row, true, true])
  }
})
