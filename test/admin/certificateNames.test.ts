import { describe, expect, it } from 'vitest'
import { nameFromOneline } from '../../native-free/dn/nameFromOneline.ts'
import { dnSpellings, rowMatches } from '../../native-free/dn/spellings.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import { namesFromCertificate, namesFromText } from '../../src/admin/certificateNames.ts'

const CA = '/C=IT/O=G/CN=CA'

describe('a typed DN', () => {
  it.each([
    ['/C=IT/O=G/CN=u', '/C=IT/O=G/CN=u'],
    ['/c=IT/o=G/cn=u', '/C=IT/O=G/CN=u'],
    ['/C=IT/Email=u@example.org/USERID=u', '/C=IT/emailAddress=u@example.org/UID=u'],
    ['/DC=org/DC=grid/CN=host/a.example.org', '/DC=org/DC=grid/CN=host/a.example.org'],
    ['/C=IT/CN=Ren\u00e9', '/C=IT/CN=Ren\\xC3\\xA9'],
    ['/C=IT/CN=(Parenthesis), "quoted"', '/C=IT/CN=(Parenthesis), "quoted"'],
  ])('%s is stored as the look-up of requests asks for it', (typed, stored) => {
    const { subject } = namesFromText(typed, CA)
    expect(subject.text).toBe(stored)
    const name = parseName(nameFromOneline(typed))
    expect(dnSpellings(name)).toContain(stored)
    expect(rowMatches(name, stored)).toBe(true)
  })

  it.each([
    ['', 'is no DN|cannot be used'],
    ['u', 'is no DN in slash form'],
    ['CN=u,O=G,C=IT', 'is no DN in slash form'],
    ['/nonsense=u', 'is no DN in slash form'],
    ["'; drop table vouchd.member; --", 'is no DN in slash form'],
    ['/CN=a\x1b[31m', 'holds a control character'],
    ['/CN=a\\x0ab', 'holds a control character'],
    ['/C=IT/O=G/CN=u/CN=proxy', 'is that of a proxy'],
    ['/C=IT/O=G/CN=u/CN=limited proxy', 'is that of a proxy'],
    [`/CN=${'x'.repeat(2000)}`, 'is longer than 2000 characters'],
    ['/C=\u00e9', 'is no DN in slash form'],
  ])('%j is refused', (text, why) => {
    expect(() => namesFromText(text, CA)).toThrow(new RegExp(why))
    expect(() => namesFromText('/CN=u', text)).toThrow(/the issuer/)
    expect(() => namesFromText(text, CA)).toThrow(expect.objectContaining({ code: 'ADMIN_DN' }))
  })

  it('in the other order gets the right one as advice', () => {
    expect(() => namesFromText('CN=u,O=G,C=IT', CA)).toThrow(
      expect.objectContaining({ advice: 'perhaps you mean /C=IT/O=G/CN=u' }),
    )
  })
})

it('a name of several attributes in one part is compared under both of its keys', () => {
  const name = parseName(nameFromOneline('/C=IT/CN=u+UID=7'))
  const { subject } = namesFromCertificate({ subject: name, issuer: parseName(nameFromOneline(CA)) })
  expect(subject.text).toBe('/C=IT/CN=u/UID=7')
  expect(subject.keys).toHaveLength(2)
  expect(rowMatches(name, subject.text)).toBe(true)
})
