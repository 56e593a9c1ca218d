import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/observe/metrics.ts'
import { MinuteRates } from '../../src/observe/minuteRates.ts'
import { buildStatus, type VoFacts } from '../../src/observe/status.ts'
import { escapeHtml, renderStatusPage } from '../../src/observe/statusPage.ts'

const NOW = Date.UTC(2026, 5, 1) / 1000
const DAY = 86_400
const LIMITS = {
  holderRequestsPerMinute: 0,
  addressConnectionsPerMinute: 0,
  addressConnections: 1500,
  connectionsPerMinute: 0,
}

function page(text: string, members?: ReadonlyMap<string, number>): string {
  const vo: VoFacts = {
    name: text,
    uri: text,
    limits: LIMITS,
    certificates: [3, 2.9, 13.9, 14, -1].map(days => ({
      usage: text,
      subject: text,
      issuer: text,
      notAfter: NOW + days * DAY,
    })),
    vomses: { file: text, line: text },
    lsc: { file: text, content: text },
  }
  return renderStatusPage(
    buildStatus({
      version: text,
      now: NOW,
      startedAt: NOW,
      parts: [{ part: text, ready: false, why: text }],
      workers: [{ worker: text, state: text }],
      vos: [vo],
      addresses: new Map([[text, [{ host: text, port: 1 }]]]),
      members,
      snapshot: createMetrics().snapshot(),
      lastMinute: undefined,
    }),
  )
}

/** Tags and attributes of the page without the text between and in them. */
const skeleton = (html: string) => html.replace(/>[^<]*</g, '><').replace(/"[^"]*"/g, '""')

describe('the page for people', () => {
  it('shows foreign text as text, whatever it holds', () => {
    const plain = skeleton(page('x'))
    const hostile = fc.string({
      unit: fc.constantFrom('<', '>', '"', "'", '&', 'x', '/', '=', ' ', '\n', '\u202e', '\0'),
    })
    fc.assert(
      fc.property(hostile, text => {
        expect(skeleton(page(`x${text}x`))).toBe(plain)
      }),
      { numRuns: 200 },
    )
  })

  it('shows by number what would hide or reorder text', () => {
    expect(escapeHtml('a\u202eb\u0000\u007f\u200b')).toBe('a\\u{202E}b\\u{0}\\u{7F}\\u{200B}')
  })

  it('marks certificates as the alerts do', () => {
    const days = [...page('x').matchAll(/<td class="number ?(\w*)">(-?\d+)/g)].map(([, mark, left]) => [
      left,
      mark,
    ])
    expect(days).toEqual([
      ['3', 'soon'],
      ['2', 'bad'],
      ['13', 'soon'],
      ['14', ''],
      ['-1', 'bad'],
    ])
  })

  it('tells the limits that are set, and no others', () => {
    expect(page('x')).toContain('<dd>1,500 connections at once and address</dd>')
  })

  it('tells an empty VO from a database that does not tell', () => {
    expect(page('x')).toContain('not known now')
    expect(page('x', new Map([['x', 12_345]]))).toContain('<dd>12,345</dd>')
    expect(page('x', new Map())).toContain('<dd>0</dd>')
  })
})

describe('rates of the last minute', () => {
  it('are what came since a look that is a minute old', () => {
    const rates = new MinuteRates()
    const metrics = createMetrics()
    const { issued, denied } = metrics.vo('vo.0').requests
    const at = (ms: number) => rates.lastMinute(ms, metrics.snapshot())?.get('vo.0')
    expect(at(0)).toBeUndefined()
    rates.note(0, metrics.snapshot())
    issued.inc(30)
    expect(at(10_000)).toMatchObject({ issued: 30, denied: 0 })
    for (let ms = 10_000; ms <= 60_000; ms += 10_000) rates.note(ms, metrics.snapshot())
    denied.inc(5)
    expect(at(60_000)).toMatchObject({ issued: 30, denied: 5 })
    rates.note(70_000, metrics.snapshot())
    expect(at(70_000)).toMatchObject({ issued: 0, denied: 5 })
  })

  it('are a rate where looks are further apart', () => {
    const rates = new MinuteRates()
    const metrics = createMetrics()
    metrics.vo('vo.0')
    rates.note(0, metrics.snapshot())
    metrics.vo('vo.0').requests.issued.inc(30)
    expect(rates.lastMinute(180_000, metrics.snapshot())?.get('vo.0')).toMatchObject({ issued: 10 })
  })
})
