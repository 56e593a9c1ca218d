import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../native-free/refusal.ts'
import { formatVomsesLine, parseVomses, type VomsesEntry } from '../../../native-free/vomses/vomses.ts'

const DN = '/C=IT/O=IGI/CN=voms.test.example'
const entry: VomsesEntry = {
  nick: 'vo.0',
  host: 'voms.test.example',
  port: 15000,
  dn: DN,
  vo: 'vo.0',
  globusVersion: undefined,
}

describe('parseVomses', () => {
  it('reads a line as it is written everywhere', () => {
    const line = `"vo.0" "voms.test.example" "15000" "${DN}" "vo.0"\n`
    expect(parseVomses(line)).toEqual({ entries: [entry], refusals: [] })
    expect(formatVomsesLine(entry)).toBe(line)
  })

  it.each([
    { name: 'a sixth field', line: `"vo.0" "h" "1" "${DN}" "vo.0" "24"`, wanted: { globusVersion: '24' } },
    { name: 'an empty sixth field', line: `"vo.0" "h" "1" "${DN}" "vo.0" ""`, wanted: { globusVersion: '' } },
    {
      name: 'blanks and tabs around fields',
      line: ` \t"a"\t "h"  "65535" "/CN=a b"\t"vo" \r`,
      wanted: { nick: 'a', dn: '/CN=a b', vo: 'vo' },
    },
    { name: 'a "#" within a field', line: `"a" "h" "1" "/CN=#1" "vo"`, wanted: { dn: '/CN=#1' } },
  ])('accepts $name', ({ line, wanted }) => {
    const { entries, refusals } = parseVomses(line)
    expect(refusals).toEqual([])
    expect(entries).toEqual([expect.objectContaining(wanted)])
  })

  it.each([
    { name: 'four fields', line: '"a" "h" "1" "/CN=x"' },
    { name: 'seven fields', line: '"a" "h" "1" "/CN=x" "vo" "24" "x"' },
    { name: 'unquoted fields', line: 'a h 1 /CN=x vo' },
    { name: 'an open quote', line: '"a" "h" "1" "/CN=x" "vo' },
    { name: 'glued fields', line: '"a""h" "1" "/CN=x" "vo"' },
    { name: 'an empty nick', line: '"" "h" "1" "/CN=x" "vo"' },
    { name: 'an empty VO', line: '"a" "h" "1" "/CN=x" ""' },
    { name: 'port 0', line: '"a" "h" "0" "/CN=x" "vo"' },
    { name: 'port 65536', line: '"a" "h" "65536" "/CN=x" "vo"' },
    { name: 'a port that is no number', line: '"a" "h" "15000 " "/CN=x" "vo"' },
  ])('refuses $name, and keeps the lines around it', ({ line }) => {
    const good = formatVomsesLine(entry)
    const { entries, refusals } = parseVomses(`# servers\n\n${good}${line}\n${good}`)
    expect(entries).toHaveLength(2)
    expect(refusals).toEqual([expect.objectContaining({ code: 'VOMSES_LINE', at: 4 })])
  })

  const field = fc.stringMatching(/^[ !#-~]{1,60}$/)
  it('reads back what formatVomsesLine writes', () => {
    const entries = fc.record({
      nick: field,
      host: field,
      port: fc.integer({ min: 1, max: 65535 }),
      dn: field,
      vo: field,
      globusVersion: fc.option(field, { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(entries), all => {
        expect(parseVomses(all.map(formatVomsesLine).join(''))).toEqual({ entries: all, refusals: [] })
      }),
    )
  })

  it('reads or refuses any text', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        for (const refusal of parseVomses(text).refusals) expect(refusal).toBeInstanceOf(Refusal)
      }),
    )
  })
})

describe('formatVomsesLine', () => {
  it.each([
    ['a quote', { dn: '/CN="x"' }],
    ['a line end', { nick: 'a\nb' }],
    ['an empty field', { host: '' }],
    ['a port out of range', { port: 70000 }],
    ['a line that is too long', { dn: `/CN=${'x'.repeat(1000)}` }],
  ])('refuses %s', (_, change) => {
    expect(() => formatVomsesLine({ ...entry, ...change })).toThrow(
      expect.objectContaining({ code: 'VOMSES_VALUE' }),
    )
  })
})
