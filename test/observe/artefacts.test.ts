import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAMILIES } from '../../src/observe/families.ts'
import { ALERT_CASES, renderAlertTests } from './alertCases.ts'
import { ROWS, renderDashboard } from './dashboard.ts'
import { renderFamilies } from './metricsDoc.ts'
import { promtool, promtoolSuite } from './promtool.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const alerts = read('config/alerts.yml')
/** With UPDATE_DOCS=1 generated texts are written instead of compared. */
const update = process.env['UPDATE_DOCS'] === '1'

function expectText(path: string, text: string): void {
  if (update) writeFileSync(join(root, path), text)
  expect(read(path)).toBe(text)
}

describe('docs/metrics.md', () => {
  it('has every family', () => {
    const heading = '## Families\n\n'
    const before = read('docs/metrics.md').split(heading)[0]!
    expectText('docs/metrics.md', before + heading + renderFamilies())
  })
})

describe('config/grafana.json', () => {
  const exprs = ROWS.flatMap(row => row.panels.flatMap(panel => panel.queries.map(([expr]) => expr)))

  it('is what test/observe/dashboard.ts describes', () => {
    // As values: the formatter lays the file out.
    if (update) writeFileSync(join(root, 'config/grafana.json'), renderDashboard())
    expect(JSON.parse(read('config/grafana.json'))).toEqual(JSON.parse(renderDashboard()))
  })

  it.each(Object.keys(FAMILIES))('shows %s', family => {
    expect(exprs.some(expr => new RegExp(`\\b${family}(_bucket|_sum|_count)?\\{`).test(expr))).toBe(true)
  })

  it('asks for families that exist, each panel with a unit, from whatever data source is chosen', () => {
    const names = exprs.flatMap(expr =>
      [...expr.matchAll(/\b((?:vouchd|process)_\w+?)(?:_bucket|_sum|_count)?\{/g)].map(match => match[1]!),
    )
    for (const name of names) expect(Object.keys(FAMILIES), name).toContain(name)
    const { panels } = JSON.parse(read('config/grafana.json'))
    for (const panel of panels) {
      if (panel.type === 'row') continue
      expect(panel.fieldConfig.defaults.unit, panel.title).toMatch(/^\w+$/)
      expect(panel.datasource.uid).toBe('$datasource')
    }
    expect(new Set(panels.map(({ id }: { id: number }) => id)).size).toBe(panels.length)
  })
})

describe('config/alerts.yml', () => {
  const named = [...new Set([...alerts.matchAll(/- alert: (\w+)/g)].map(match => match[1]!))]

  it('asks for families and records that exist', () => {
    const records = [...alerts.matchAll(/- record: (\S+)/g)].map(match => match[1])
    for (const [name] of alerts.matchAll(/\b(?:job|instance):[a-z0-9_]+:[a-z0-9_]+/g))
      expect(records).toContain(name)
    const families = [...alerts.matchAll(/\b((?:vouchd|process)_[a-z_]+)\b(?=[{[ )]|$)/gm)].map(match =>
      match[1]!.replace(/_bucket$/, ''),
    )
    expect(families.length).toBeGreaterThan(25)
    for (const family of families) expect(Object.keys(FAMILIES), family).toContain(family)
  })

  it.each(named)('%s has a fault that it fires for, and a section in docs/operations.md', alert => {
    expect(ALERT_CASES.some(({ fires }) => fires.some(([name]) => name === alert))).toBe(true)
    expect(read('docs/operations.md')).toMatch(new RegExp(`^#+ ${alert}$`, 'm'))
  })

  it('has the tests of test/observe/alertCases.ts', () => {
    expectText('config/alerts.test.yml', renderAlertTests())
  })
})

promtoolSuite('promtool', () => {
  it('takes the rules', () => {
    const { ok, text } = promtool(['check', 'rules', '--lint-fatal', join(root, 'config/alerts.yml')])
    expect(ok, text).toBe(true)
  })

  it('finds that each alert fires for its fault and no other does', { timeout: 120_000 }, () => {
    const { ok, text } = promtool(['test', 'rules', join(root, 'config/alerts.test.yml')])
    expect(ok, text).toBe(true)
  })
})
