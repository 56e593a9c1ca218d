import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkConfig } from '../../src/config/checkConfig.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { askLegacy, askRest, type Daemon, LONG, startDaemon, userNamed } from './daemon.ts'

const test0 = userNamed('test0')
const test1 = userNamed('test1')
const stranger = userNamed('stranger')
/** What makes clients give up for good, or try the other protocol instead. */
const FINAL = /User unknown to this VO|suspended|not active/

describe('a limit of a holder', () => {
  let daemon: Daemon
  beforeAll(async () => {
    daemon = await startDaemon({ limits: { holderRequestsPerMinute: 4 } })
  })
  afterAll(() => daemon?.stop())

  it('counts his requests over both protocols, his proxies included, and nobody else’s', async () => {
    const port = daemon.port()
    const proxy = issueProxy(test0, LONG)
    expect((await askRest(port, [test0])).status).toBe(200)
    expect((await askRest(port, [proxy, test0])).status).toBe(200)
    expect(await askLegacy(port, [test0], ['G/vo.0'])).toContain('<ac>')
    expect((await askRest(port, [test0])).status).toBe(200)

    const refused = await askRest(port, [proxy, test0])
    expect(refused).toMatchObject({ status: 429, code: 'InternalError', ac: undefined })
    expect(refused.message).toMatch(/^vo\.0: Too many requests with your certificate, .* \[.+\]$/)
    expect(refused.message).not.toMatch(FINAL)
    const legacy = await askLegacy(port, [test0], ['G/vo.0'], '<base64>1</base64>')
    expect(legacy).toContain('<number>1006</number><message>vo.0: Too many requests with your certificate')
    expect(legacy).toContain('<ac>QQ==\n</ac>')
    expect((await askRest(port, [test1])).status).toBe(200)
  })

  it('is told of in the log and the metrics', () => {
    const { shed, requests } = daemon.metrics.vo('vo.0')
    expect([shed.rate.value, requests.shed.value]).toEqual([2, 2])
    const line = daemon.log.find(({ code }) => code === 'too-many-requests')
    expect(line).toMatchObject({
      msg: 'request refused',
      outcome: 'refused',
      holder: '/C=IT/O=Test/CN=test0',
    })
  })

  it('counts those who get nothing, too', async () => {
    const statuses = []
    for (let asked = 0; asked < 6; asked++) statuses.push((await askRest(daemon.port(), [stranger])).status)
    expect(statuses).toEqual([403, 403, 403, 403, 429, 429])
  })

  it('is changed by a reload, which forgets nothing that was asked', async () => {
    const change = async (vo: Record<string, number>) => {
      const { vos, ...rest } = daemon.config
      const rates = { ...vos[0]!.rates, ...vo }
      await daemon.server.apply({ ...rest, vos: [{ ...vos[0]!, rates }] })
    }
    await change({ maxLifetimeSeconds: 3600 })
    expect((await askRest(daemon.port(), [test0])).status).toBe(429)
    await change({ holderRequestsPerMinute: 100 })
    expect((await askRest(daemon.port(), [test0])).status).toBe(200)
    await change({ holderRequestsPerMinute: 0 })
    expect((await askRest(daemon.port(), [test0])).status).toBe(200)
  })
})

describe('limits before TLS', () => {
  let daemon: Daemon
  beforeAll(async () => {
    const vo = (name: string, more: Record<string, unknown> = {}) => ({
      name,
      listen: ['127.0.0.1:0'],
      uri: 'voms.example.org:15000',
      hostCredentials: [{ certificate: 'host.pem', key: 'host.key' }],
      ...more,
    })
    daemon = await startDaemon({
      limits: { addressConnectionsPerMinute: 3 },
      vo: [vo('vo.0'), vo('vo.1', { addressConnectionsPerMinute: 0, connectionsPerMinute: 2 })],
    })
  })
  afterAll(() => daemon?.stop())

  it('of an address and of a VO are each VO’s own, and close the connection unanswered', async () => {
    for (const [vo, most] of [
      ['vo.0', 3],
      ['vo.1', 2],
    ] as const) {
      const port = daemon.port(vo)
      for (let asked = 0; asked < most; asked++) {
        expect((await askRest(port, [test0])).status).toBe(vo === 'vo.0' ? 200 : 403)
      }
      await expect(askRest(port, [test0])).rejects.toThrow(/ECONNRESET|disconnected|socket hang up/)
      expect(daemon.metrics.vo(vo).shed.rate.value).toBe(1)
    }
    const line = daemon.log.find(({ msg }) => msg === 'connection shed')
    expect(line).toMatchObject({ vo: 'vo.0', reason: 'rate', address: '127.0.0.1' })
  })
})

describe('the configuration of limits', () => {
  const vo = { name: 'vo.0', listen: ['127.0.0.1:0'], uri: 'voms.example.org:15000' }

  it('is that of [limits], where a VO has none of its own', () => {
    const { vos } = checkConfig(
      {
        limits: { holderRequestsPerMinute: 60, addressConnections: 7 },
        vo: [
          { ...vo, holderRequestsPerMinute: 0 },
          { ...vo, name: 'vo.1', listen: ['127.0.0.2:0'], connectionsPerMinute: 9 },
        ],
      },
      '/',
    )
    const common = { addressConnectionsPerMinute: 0, addressConnections: 7 }
    expect(vos.map(({ rates }) => rates)).toEqual([
      { ...common, holderRequestsPerMinute: 0, connectionsPerMinute: 0 },
      { ...common, holderRequestsPerMinute: 60, connectionsPerMinute: 9 },
    ])
  })

  it('is refused where it is none, with its place', () => {
    expect(() =>
      checkConfig(
        {
          limits: { holderRequestsPerMinute: -1 },
          vo: [{ ...vo, addressConnections: 1.5, holderRequests: 1 }],
        },
        '/',
      ),
    ).toThrow(
      expect.objectContaining({
        faults: expect.arrayContaining([
          expect.objectContaining({ path: 'limits.holderRequestsPerMinute' }),
          expect.objectContaining({ path: 'vo[0].addressConnections' }),
          expect.objectContaining({
            path: 'vo[0].holderRequests',
            advice: 'did you mean holderRequestsPerMinute?',
          }),
        ]),
      }),
    )
  })
})
