import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, errorEntry, toVomsError, toWireError, VomsError } from '../src/errors.ts'

const FINAL = ['User unknown to this VO', 'suspended', 'not active']

/** One error of each code, with parameters that show in the documented text. */
const samples: readonly VomsError[] = [
  new VomsError('no-such-user', {}),
  new VomsError('suspended', { reason: 'REASON' }),
  new VomsError('aup-not-signed', { name: 'NAME', id: '1' }),
  new VomsError('unsatisfiable', { command: 'COMMAND' }),
  new VomsError('not-understood', { text: 'TEXT' }),
  new VomsError('nothing-left', {}),
  new VomsError('chain-refused', { reason: 'REASON' }),
  new VomsError('ambiguous-user', {}),
  new VomsError('database', {}),
  new VomsError('audit', {}),
  new VomsError('overloaded', {}),
  new VomsError('too-many-requests', {}),
  new VomsError('not-found', {}),
  new VomsError('method-not-allowed', {}),
  new VomsError('too-large', {}),
  new VomsError('timeout', {}),
  new VomsError('internal', {}),
]

function documentedRows(heading: string): string[][] {
  const docs = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
  const section = docs.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!
  return section
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => line.split('|').slice(1, -1))
    .map(cells => cells.map(cell => cell.trim().replaceAll('`', '')))
}

describe('the catalogue', () => {
  it('is what docs/errors.md lists: codes, statuses, numbers, faults and texts', () => {
    const rows = samples.map(error => {
      const { status, code, number, fault, text } = errorEntry(error.code)
      return [
        error.code,
        `${status}`,
        code,
        `${number}`,
        fault,
        text('VO', error.parameters).replace('\n', '↵'),
      ]
    })
    expect(documentedRows('Codes')).toEqual(rows)
    expect(ERROR_CODES).toEqual(samples.map(error => error.code))
  })

  it('has every reason code of a refused chain documented, with a meaning', () => {
    const source = readFileSync(new URL('../native-free/proxy/types.ts', import.meta.url), 'utf8')
    const union = source.split('export type ReasonCode =')[1]!.split('\n\n')[0]!
    const reasons = [...union.matchAll(/'([A-Z_]+)'/g)].map(match => match[1])
    const rows = documentedRows('Reason codes of a refused chain')
    expect(rows.map(([reason]) => reason)).toEqual(reasons)
    for (const [, meaning] of rows) expect(meaning).toMatch(/^[A-Z].*\.$/)
  })

  it.each(samples)('has a status, a code word and a number for $code that belong together', ({ code }) => {
    const entry = errorEntry(code)
    expect(entry.status).toBeGreaterThanOrEqual(400)
    expect(entry.status).toBeLessThan(600)
    if (entry.fault === 'server') expect([entry.code, entry.status >= 500]).toEqual(['InternalError', true])
  })

  it.each(samples)('tells clients to stop at $code only where it is final', error => {
    const { message } = toWireError(error, 'vo.0', 'r1')
    const isFinal = error.code === 'no-such-user' || error.code === 'suspended'
    expect(FINAL.some(text => message.includes(text))).toBe(isFinal)
  })
})

describe('toWireError', () => {
  it.each([
    [new VomsError('no-such-user', {}), 'vo.0: User unknown to this VO. [r1]'],
    [
      new VomsError('suspended', { reason: undefined }),
      'User is currently suspended!\nSuspension reason: Reason unknown [r1]',
    ],
    [
      new VomsError('suspended', { reason: 'late' }),
      'User is currently suspended!\nSuspension reason: late [r1]',
    ],
    [
      new VomsError('unsatisfiable', { command: 'B/vo.0/G1:nope' }),
      'vo.0: Unable to satisfy B/vo.0/G1:nope request! [r1]',
    ],
    [new VomsError('unsatisfiable', { command: '' }), 'vo.0: Unable to satisfy  request! [r1]'],
    [
      new VomsError('aup-not-signed', { name: 'zoe', id: '7' }),
      'User zoe needs to sign AUP for this organization in order to proceed. [r1]',
    ],
    // Clients would take such a name for the answer that is final.
    [
      new VomsError('aup-not-signed', { name: 'Suspended Jo', id: '7' }),
      'User 7 needs to sign AUP for this organization in order to proceed. [r1]',
    ],
    [new VomsError('nothing-left', {}), 'vo.0 : no valid VOMS attributes found for your request. [r1]'],
    [
      new VomsError('database', {}, new Error('password is hunter2')),
      'vo.0: Problems in DB communication. [r1]',
    ],
    [new VomsError('not-understood', { text: 'hello' }), 'Unable to interpret command: hello [r1]'],
    [
      new VomsError('chain-refused', { reason: 'it expired' }),
      'vo.0: Your certificate was not accepted: it expired. [r1]',
    ],
  ])('%s', (error, message) => {
    expect(toWireError(error, 'vo.0', 'r1').message).toBe(message)
  })

  it('shows only a bounded, printable beginning of foreign text', () => {
    const text = `\u0000\u001b[31m\u0085${'x'.repeat(1_000_000)}`
    const { message } = toWireError(new VomsError('not-understood', { text }), 'vo.0', 'r1')
    expect(message).toMatch(/^Unable to interpret command: \\x00\\x1b\[31m\\x85x{93}\.\.\. \[r1\]$/)
    const command = `G/vo.0/${'\u{1f600}'.repeat(5000)}`
    const long = toWireError(new VomsError('unsatisfiable', { command }), 'vo.0', 'r1').message
    expect(long.length).toBeLessThan(2200)
    expect(long.isWellFormed()).toBe(true)
  })

  it('leaves commands of the longest FQANs in use whole', () => {
    const command = `B/vo.0/${'g'.repeat(783)}:${'r'.repeat(100)}`
    expect(toWireError(new VomsError('unsatisfiable', { command }), 'vo.0', 'r1').message).toContain(
      `${command} request!`,
    )
  })
})

describe('toVomsError', () => {
  it('keeps a VomsError, and makes anything else an internal error with it as cause', () => {
    const known = new VomsError('database', {})
    const unknown = new TypeError('secret')
    expect(toVomsError(known)).toBe(known)
    expect(toVomsError(unknown)).toMatchObject({ code: 'internal', cause: unknown })
    expect(toWireError(toVomsError(unknown), 'vo.0', 'r1').message).toBe('vo.0: Internal error. [r1]')
  })
})
