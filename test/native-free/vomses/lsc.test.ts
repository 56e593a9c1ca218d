import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLsc, lscReadings, parseLsc } from '../../../native-free/vomses/lsc.ts'

const AA = '/C=IT/O=IGI/CN=voms.test.example'
const CA = '/C=IT/O=IGI/CN=Test CA'
const ROOT = '/C=IT/O=IGI/CN=Root CA'

describe('parseLsc', () => {
  it.each([
    { name: 'two lines', text: `${AA}\n${CA}\n`, chains: [[AA, CA]] },
    { name: 'no line end at the end', text: `${AA}\n${CA}`, chains: [[AA, CA]] },
    { name: 'CRLF, blanks and quotes', text: `  "${AA}" \r\n\t${CA}\r\n`, chains: [[AA, CA]] },
    { name: 'comments and blank lines', text: `# AA\n${AA}\n\n# CA\n${CA}\n`, chains: [[AA, CA]] },
    {
      name: 'the separator of the C API',
      text: `${AA}\n${CA}\n------ NEXT CHAIN ------\n${AA}\n${ROOT}\n`,
      chains: [
        [AA, CA],
        [AA, ROOT],
      ],
    },
    {
      name: 'the separator of the Java API',
      text: `${AA}\n${CA}\n------NEXT CHAIN------\n${AA}\n${ROOT}\n`,
      chains: [
        [AA, CA],
        [AA, ROOT],
      ],
    },
    { name: 'separators at both ends', text: `NEXT CHAIN\n${AA}\n${CA}\nNEXT CHAIN\n`, chains: [[AA, CA]] },
  ])('reads $name', ({ text, chains }) => {
    expect(parseLsc(text)).toEqual(chains)
  })

  it.each([
    { name: 'an empty file', text: '', at: 1 },
    { name: 'one line only', text: `${AA}\n`, at: 2 },
    { name: 'a second chain of one line', text: `${AA}\n${CA}\nNEXT CHAIN\n${AA}`, at: 4 },
    { name: 'a line that is no DN', text: `${AA}\nCN=Test CA,O=IGI,C=IT\n`, at: 2 },
    { name: 'a path', text: `${AA}\n/etc/grid-security\n`, at: 2 },
  ])('refuses $name', ({ text, at }) => {
    expect(() => parseLsc(text)).toThrow(expect.objectContaining({ code: 'LSC_LINE', at }))
  })
})

describe('lscReadings', () => {
  const pair = (subject: string, issuer: string) => ({ subject, issuer })

  it('has one meaning for two lines', () => {
    expect(lscReadings([AA, CA])).toEqual([[pair(AA, CA)]])
  })

  it('reads three lines as a list', () => {
    expect(lscReadings([AA, CA, ROOT])).toEqual([[pair(AA, CA), pair(CA, ROOT)]])
  })

  it('reads four lines as two pairs, or as a list of three', () => {
    expect(lscReadings([AA, CA, CA, ROOT])).toEqual([
      [pair(AA, CA), pair(CA, ROOT)],
      [pair(AA, CA), pair(CA, CA), pair(CA, ROOT)],
    ])
  })
})

describe('formatLsc', () => {
  it('writes the two lines of one certificate', () => {
    expect(formatLsc([{ subject: AA, issuer: CA }])).toBe(`${AA}\n${CA}\n`)
  })

  it.each(['CN=x', '', '/CN=a\n/CN=b', '/CN=NEXT CHAIN', '/CN="a"', '/CN=a '])('refuses %j', subject => {
    expect(() => formatLsc([{ subject, issuer: CA }])).toThrow(expect.objectContaining({ code: 'LSC_VALUE' }))
    expect(() => formatLsc([])).toThrow(expect.objectContaining({ code: 'LSC_VALUE' }))
  })

  it('is read back as pairs', () => {
    const dn = fc.stringMatching(/^\/CN=[!#-~]([ !#-~]{0,40}[!#-~])?$/)
    fc.assert(
      fc.property(fc.array(fc.record({ subject: dn, issuer: dn }), { minLength: 1 }), certificates => {
        const chains = parseLsc(formatLsc(certificates))
        expect(chains).toHaveLength(1)
        expect(lscReadings(chains[0]!)).toContainEqual(certificates)
      }),
    )
  })
})
