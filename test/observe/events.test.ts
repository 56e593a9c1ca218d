import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createEvents, type RequestRecord } from '../../src/events.ts'
import { LintFault } from '../../src/issue/LintFault.ts'
import { createMetrics } from '../../src/observe/metrics.ts'

const RECORD: RequestRecord = {
  id: 'i1',
  vo: 'vo.0',
  protocol: 'rest',
  address: '192.0.2.1',
  tls: 'TLSv1.3',
  outcome: 'issued',
  stages: { validate: 2, sign: 400 },
  totalMs: 500,
}

function watched() {
  const lines: Record<string, unknown>[] = []
  const metrics = createMetrics()
  let now = 0
  const log = pino({ level: 'debug' }, { write: line => void lines.push(JSON.parse(line)) })
  return {
    lines,
    metrics,
    vo: metrics.vo('vo.0'),
    events: createEvents(log, { metrics, monotonic: () => now }),
    pass(ms: number) {
      now += ms
    },
  }
}

describe('one event', () => {
  it('of an issued AC is a line and counts', () => {
    const { events, lines, vo, metrics } = watched()
    events.requestStarted('vo.0')
    expect(vo.inFlight.value).toBe(1)
    events.requestAnswered(RECORD)
    expect(lines).toMatchObject([{ level: 30, msg: 'attribute certificate issued', id: 'i1' }])
    expect([vo.inFlight.value, vo.requests.issued.value, vo.issued.value]).toEqual([0, 1, 1])
    expect(vo.duration.sum).toBe(0.5)
    expect([metrics.stages.validate.sum, metrics.stages.sign.sum]).toEqual([0.002, 0.4])
    expect(metrics.stages.audit.counts.every(count => count === 0)).toBe(true)
  })

  it.each([
    ['refused', 'no-such-user', undefined, 'denied', 'no-such-user'],
    ['refused', 'chain-refused', 'REVOKED', 'denied', 'REVOKED'],
    ['refused', 'not-understood', undefined, 'invalid', undefined],
    ['refused', 'timeout', undefined, 'timeout', undefined],
    ['failed', 'overloaded', undefined, 'shed', undefined],
    ['refused', 'too-many-requests', undefined, 'shed', undefined],
    ['failed', 'database', undefined, 'error', undefined],
    ['failed', 'internal', undefined, 'error', undefined],
  ] as const)('%s with %s %s counts as %s', (outcome, code, reason, counted, denial) => {
    const { events, vo, metrics } = watched()
    events.requestAnswered({ ...RECORD, outcome, code, ...(reason && { reason }) })
    expect(vo.requests[counted].value).toBe(1)
    expect(vo.issued.value).toBe(0)
    if (denial !== undefined) expect(metrics.denial(denial).value).toBe(1)
    expect(vo.shed.queue.value).toBe(code === 'overloaded' ? 1 : 0)
    expect(vo.shed.rate.value).toBe(code === 'too-many-requests' ? 1 : 0)
  })

  it('of an AC that broke rules counts each rule once', () => {
    const { events, metrics } = watched()
    const fault = new LintFault([
      { rule: 'holder', clause: '', message: 'a' },
      { rule: 'holder', clause: '', message: 'b' },
      { rule: 'issuer', clause: '', message: 'c' },
    ])
    events.requestAnswered({ ...RECORD, outcome: 'failed', code: 'internal' }, fault)
    expect(['holder', 'issuer', 'layout'].map(rule => metrics.lintFailure(rule).value)).toEqual([1, 1, 0])
  })
})

describe('hostile repetition', () => {
  const refused: RequestRecord = {
    ...RECORD,
    outcome: 'refused',
    code: 'chain-refused',
    reason: 'UNKNOWN_CA',
  }

  it('is ten lines a minute and one that counts the rest, while everything is counted', () => {
    const { events, lines, vo, metrics, pass } = watched()
    for (let index = 0; index < 1000; index++) events.requestAnswered(refused)
    expect(lines).toHaveLength(10)
    expect(vo.requests.denied.value).toBe(1000)
    expect(metrics.log.suppressed.value).toBe(990)
    pass(60_000)
    events.requestAnswered(refused)
    expect(lines).toHaveLength(12)
    expect(lines[10]).toMatchObject({
      level: 40,
      repeated: 990,
      like: 'UNKNOWN_CA 192.0.2.1',
      msg: 'request refused: repetitions left out',
      last: { address: '192.0.2.1' },
    })
  })

  it('hides neither another address nor another reason, nor what is issued', () => {
    const { events, lines } = watched()
    for (let index = 0; index < 100; index++) events.requestAnswered(refused)
    lines.length = 0
    events.requestAnswered({ ...refused, address: '192.0.2.2' })
    events.requestAnswered({ ...refused, reason: 'REVOKED' })
    for (let index = 0; index < 100; index++) events.requestAnswered(RECORD)
    expect(lines).toHaveLength(102)
  })

  it('tells at the end what was left out', () => {
    const { events, lines } = watched()
    for (let index = 0; index < 11; index++) events.shed('vo.0', 'connections')
    events.flush()
    expect(lines.at(-1)).toMatchObject({ repeated: 1, msg: 'connection shed: repetitions left out' })
  })
})
