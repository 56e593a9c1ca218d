import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatFqan, parseFqan } from '../../../native-free/fqan/fqan.ts'
import { byOctets, issueOrder } from '../../../native-free/fqan/issueOrder.ts'
import { isWithinVo } from '../../../native-free/fqan/isWithinVo.ts'
import { shortForm } from '../../../native-free/fqan/shortForm.ts'
import { Refusal } from '../../../native-free/refusal.ts'

function lines(file: string): string[] {
  const text = readFileSync(new URL(`../../vectors/fqan/${file}`, import.meta.url), 'utf8')
  return text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
}

describe('an FQAN of valid.txt', () => {
  it.each(lines('valid.txt').map(line => line.split('\t')))('%s reads as %s', (text, short) => {
    const fqan = parseFqan(text!)
    expect(formatFqan(fqan, 'short')).toBe(short)
    expect(shortForm(text!)).toBe(short)
    expect(parseFqan(formatFqan(fqan, 'long'))).toEqual(fqan)
  })
})

describe('a text of invalid.txt', () => {
  it.each(lines('invalid.txt'))('%s is refused', text => {
    expect(() => parseFqan(text)).toThrow(Refusal)
  })
})

describe('parseFqan', () => {
  it('names a capability as such', () => {
    expect(() => parseFqan('/vo/Capability=x')).toThrow(
      expect.objectContaining({ code: 'FQAN_CAPABILITY', at: 3 }),
    )
  })

  it('takes the long form apart', () => {
    expect(parseFqan('/vo.0/G1/Role=R1/Capability=NULL')).toEqual({ group: '/vo.0/G1', role: 'R1' })
    expect(parseFqan('/vo.0/Role=NULL/Capability=NULL')).toEqual({ group: '/vo.0', role: undefined })
  })

  const name = fc.stringMatching(/^[0-9A-Za-z_.-]{1,40}$/)
  const fqan = fc.record({
    group: fc.array(name, { minLength: 1, maxLength: 20 }).map(names => `/${names.join('/')}`),
    role: fc.option(
      name.filter(role => role !== 'NULL'),
      { nil: undefined },
    ),
  })

  it('reads back what formatFqan writes, in both forms', () => {
    fc.assert(
      fc.property(fqan, fc.constantFrom('long' as const, 'short' as const), (value, form) => {
        expect(parseFqan(formatFqan(value, form))).toEqual(value)
        expect(shortForm(formatFqan(value, form))).toBe(formatFqan(value, 'short'))
      }),
    )
  })

  it('reads or refuses any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map(text => `/vo/Role=${text}`),
        ),
        text => {
          try {
            expect(shortForm(text)).toBe(formatFqan(parseFqan(text), 'short'))
          } catch (refusal) {
            if (!(refusal instanceof Refusal)) throw refusal
          }
        },
      ),
    )
  })
})

describe('isWithinVo', () => {
  it.each([
    ['/vo.0', true],
    ['/vo.0/G1', true],
    ['/vo.0/Role=R1', true],
    ['/vo.0/Role=NULL/Capability=NULL', true],
    ['/vo.01', false],
    ['/vo.1/vo.0', false],
    ['/VO.0', false],
    ['vo.0', false],
    ['', false],
  ])('%s of vo.0: %s', (fqan, within) => {
    expect(isWithinVo(fqan, 'vo.0')).toBe(within)
  })

  it('holds for nothing when the VO has no name', () => {
    expect(isWithinVo('//x', '')).toBe(false)
  })
})

describe('issueOrder', () => {
  const groups = ['/vo.0/G2/G3', '/vo.0', '/vo.0/G1', '/vo.0/G2']

  it.each([
    { list: ['/vo.0'], issued: ['/vo.0', '/vo.0/G1', '/vo.0/G2', '/vo.0/G2/G3'] },
    { list: ['/vo.0/G1'], issued: ['/vo.0/G1', '/vo.0', '/vo.0/G2', '/vo.0/G2/G3'] },
    { list: ['/vo.0/G2', '/vo.0/G1'], issued: ['/vo.0/G2', '/vo.0/G1', '/vo.0', '/vo.0/G2/G3'] },
    { list: ['/vo.0/nope', '/vo.0/G2'], issued: ['/vo.0/G2', '/vo.0', '/vo.0/G1', '/vo.0/G2/G3'] },
    { list: ['/vo.0/G2', '/vo.0/G2'], issued: ['/vo.0/G2', '/vo.0', '/vo.0/G1', '/vo.0/G2/G3'] },
    { list: [], issued: ['/vo.0', '/vo.0/G1', '/vo.0/G2', '/vo.0/G2/G3'] },
  ])('puts $list first', ({ list, issued }) => {
    expect(issueOrder([...groups, '/vo.0'], list)).toEqual(issued)
  })

  it('keeps every FQAN once, whatever the list', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (fqans, list) => {
        const issued = issueOrder(fqans, list)
        expect(new Set(issued)).toEqual(new Set(fqans))
        expect(issued.length).toBe(new Set(fqans).size)
      }),
    )
  })

  it('compares texts as their octets compare', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const octets = Buffer.compare(Buffer.from(a), Buffer.from(b))
        expect(Math.sign(byOctets(a, b))).toBe(octets)
      }),
    )
    expect(byOctets('\u{10000}', '\uffff')).toBeGreaterThan(0)
  })
})
