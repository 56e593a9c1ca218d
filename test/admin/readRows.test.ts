import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { AdminError } from '../../src/admin/AdminError.ts'
import { readAttributes, readJoins, readMembers } from '../../src/admin/bulkRows.ts'
import { checkRows } from '../../src/admin/checkRows.ts'
import { readRows } from '../../src/admin/readRows.ts'

const folder = mkdtempSync(join(tmpdir(), 'vouchd-rows-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const COLUMNS = ['member', 'group', 'endsAt']

function read(name: string, content: string | Uint8Array) {
  const check = checkRows()
  const rows = readRows(file(name, content), COLUMNS, check)
  check.finish()
  return rows.map(({ place, fields }) => [place, Object.fromEntries(fields)])
}

/** The AdminError that the work throws. */
function refusal(work: () => unknown): AdminError {
  try {
    work()
  } catch (cause) {
    if (cause instanceof AdminError) return cause
    throw cause
  }
  throw new Error('it was not refused')
}

describe('a CSV file', () => {
  it('gives its rows with the lines that they begin in', () => {
    const text = 'member,group\r\n1,/vo\r\n\r\n"2","/vo/a, ""b""\r\nc"\r\n3,\r\n'
    expect(read('a.csv', text)).toEqual([
      ['line 2', { member: '1', group: '/vo' }],
      ['line 4', { member: '2', group: '/vo/a, "b"\nc' }],
      ['line 6', { member: '3' }],
    ])
  })

  it('takes column names in any usual spelling, in any order, after a byte order mark', () => {
    for (const header of ['endsAt,member', 'ends_at,Member', 'Ends At,MEMBER', '\ufeffends-at,member']) {
      expect(read('b.csv', `${header}\n2030-01-01,1\n`)).toEqual([
        ['line 2', { endsAt: '2030-01-01', member: '1' }],
      ])
    }
  })

  it.each([
    ['empty', '', 'is empty'],
    ['with an unknown column', 'member,nonsense\n1,2\n', 'has an unknown column "nonsense"'],
    ['with a column twice', 'member,Member\n1,2\n', 'has the column member twice'],
    ['with an open quote', 'member\n"1\n2\n', 'is no CSV: line 3: a quoted field has no end'],
    ['with a quote in a field', 'member\n1\n2"3\n', 'is no CSV: line 3: a quote stands within a field'],
    ['with text after a quote', 'member\n"1"2\n', 'is no CSV: line 2: a quote stands within a field'],
    [
      'with an endless row',
      `member\n${'x'.repeat(70_000)}\n`,
      'is no CSV: line 2: a row has more than 65536 characters',
    ],
    ['in another character set', Uint8Array.of(0x6d, 0xff), 'is not UTF-8'],
    ['with too many rows', `member\n${'1\n'.repeat(100_001)}`, 'holds more than 100000 rows'],
  ])('%s cannot be read, and says why', (_name, content, what) => {
    const { code, message, advice } = refusal(() => read('c.csv', content))
    expect([code, advice !== '']).toEqual(['ADMIN_FILE', true])
    expect(message).toBe(`${join(folder, 'c.csv')} ${what}`)
  })

  it('tells every row that has too few or too many fields', () => {
    expect(refusal(() => read('d.csv', 'member,group\n1\n2,/vo\n3,/vo,x\n')).faults).toMatchObject([
      { place: 'line 2', message: '1 fields where the first line names 2' },
      { place: 'line 4', message: '3 fields where the first line names 2' },
    ])
  })
})

describe('a JSON file', () => {
  it('gives its entries; numbers and lists are text', () => {
    const text = JSON.stringify([{ member: 7, group: ['/vo/a', '/vo/b'], endsAt: null }, { Member: 'x' }])
    expect(read('a.json', text)).toEqual([
      ['entry 1', { member: '7', group: '/vo/a;/vo/b' }],
      ['entry 2', { member: 'x' }],
    ])
  })

  it.each([
    ['{', 'is no JSON: '],
    ['{"member": 1}', 'holds no JSON array'],
    ['null', 'holds no JSON array'],
  ])('that cannot be read says why: %s', (content, what) => {
    expect(refusal(() => read('b.json', content)).message).toContain(`b.json ${what}`)
  })

  it('tells every entry that is none', () => {
    const text =
      '[1, [], null, {"member": {}}, {"member": 1.5}, {"nonsense": "x"}, {"__proto__": "x"}, {"member": "1"}]'
    const { faults } = refusal(() => read('c.json', text))
    expect(faults.map(({ place, message }) => [place, message.replace(`${folder}/`, '')])).toEqual([
      ['entry 1', 'not an object'],
      ['entry 2', 'not an object'],
      ['entry 3', 'not an object'],
      ['entry 4', 'member is no text'],
      ['entry 5', 'member is no text'],
      ['entry 6', 'c.json has an unknown column "nonsense"'],
      ['entry 7', 'c.json has an unknown column "__proto__"'],
    ])
  })
})

it('refuses other files', () => {
  expect(refusal(() => read('a.txt', 'member\n')).message).toContain('is neither .csv nor .json')
  expect(refusal(() => readRows(folder, COLUMNS, checkRows())).message).toBe(`${folder} is a folder`)
  expect(refusal(() => readRows(join(folder, 'no.csv'), COLUMNS, checkRows())).message).toContain(
    'does not exist',
  )
})

it('reads or refuses anything, and nothing else', () => {
  const pieces = fc.constantFrom(
    'member',
    'group',
    ',',
    '"',
    '\n',
    '\r\n',
    '\r',
    '\0',
    '[',
    '{',
    '}',
    ']',
    ':',
    'é',
    ';',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), fc.constantFrom('f.csv', 'f.json'), (parts, name) => {
      try {
        for (const [place] of read(name, parts.join(''))) expect(place).toMatch(/^(line|entry) \d+$/)
      } catch (cause) {
        if (!(cause instanceof AdminError)) throw cause
      }
    }),
  )
})

describe('rows of each kind', () => {
  const kinds = { members: readMembers, joins: readJoins, attributes: readAttributes }
  function readAs(kind: keyof typeof kinds, text: string) {
    const check = checkRows()
    const rows = kinds[kind](file('k.csv', text), check)
    check.finish()
    return rows
  }

  it('are members with their groups and ends', () => {
    expect(
      readAs(
        'members',
        'subject,issuer,given_name,until,groups\n/C=IT/CN=a,/C=IT/CN=CA,A,2030-01-31,/vo/a; /vo/b/Role=r\n',
      ),
    ).toEqual([
      {
        place: 'line 2',
        givenName: 'A',
        endsAt: new Date('2030-01-31T23:59:59Z'),
        certificate: expect.objectContaining({ subject: expect.objectContaining({ text: '/C=IT/CN=a' }) }),
        holdings: [{ group: '/vo/a' }, { group: '/vo/b', role: 'r' }],
      },
    ])
  })

  it('are refused with what is missing or wrong', () => {
    const members = 'subject,issuer,until\n,/CN=CA,\nCN=a,/CN=CA,\n/CN=a,/CN=CA,31.1.2030\n'
    expect(refusal(() => readAs('members', members)).faults).toMatchObject([
      { place: 'line 2', message: 'no subject' },
      {
        place: 'line 3',
        message: 'the subject "CN=a" is no DN in slash form',
        advice: 'perhaps you mean /CN=a',
      },
      { place: 'line 4', message: '"31.1.2030" is no date' },
    ])
    const many = 'subject,issuer,until,groups\nCN=a,CN=CA,never ever,/vo/Role=\n'
    expect(refusal(() => readAs('members', many)).faults.map(fault => fault.message)).toEqual([
      'the subject "CN=a" is no DN in slash form',
      'the issuer "CN=CA" is no DN in slash form',
      '/vo/Role= names no role',
      '"never ever" is no date',
    ])
    const joins = 'member,group,role\n1,/vo/Role=r,s\n,/vo,\n1,,r\n'
    expect(refusal(() => readAs('joins', joins)).faults.map(fault => fault.message)).toEqual([
      'two roles: r and s',
      'no member',
      'no group',
    ])
    const attributes = 'name,value,member,group,role\nn,v,,,\nn,v,1,/vo,\nn,v,1,,r\n,v,1,,\n'
    expect(refusal(() => readAs('attributes', attributes)).faults.map(fault => fault.message)).toEqual([
      'not clear whose attribute',
      'not clear whose attribute',
      'not clear whose attribute',
      'no name',
    ])
  })
})
