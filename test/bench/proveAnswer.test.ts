import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Grant, proveAnswer } from '../../bench/load/proveAnswer.ts'
import { askLegacy, type Daemon, ecHost, host, startDaemon, talk, userNamed } from '../e2e/daemon.ts'

const REST = 'GET /generate-ac?fqans=/vo.0/G1/Role=R1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
const test0 = userNamed('test0')
/** What the sample VO holds for test0. */
const GRANT: Grant = {
  holder: test0.der,
  issuer: host.der,
  fqans: [
    '/vo.0/G1/Role=R1/Capability=NULL',
    '/vo.0/Role=NULL/Capability=NULL',
    '/vo.0/G1/Role=NULL/Capability=NULL',
    '/vo.0/G2/Role=NULL/Capability=NULL',
  ],
  attributes: ['quota = 20 (/vo.0/G1/Role=R1)', 'quota = 10 (/vo.0/G1)', 'nickname = zero (vo.0)'],
}

describe('an answer is proven', () => {
  let daemon: Daemon
  let answer: string
  beforeAll(async () => {
    daemon = await startDaemon()
    answer = await talk(daemon.port(), [test0], REST)
  }, 60_000)
  afterAll(() => daemon?.stop())

  it('of REST', () => proveAnswer(answer, GRANT))
  it('of the legacy protocol', async () => {
    const legacy = await askLegacy(daemon.port(), [test0], ['B/vo.0/G1:R1'], '<base64>1</base64>')
    await proveAnswer(legacy, GRANT)
  })

  it.each([
    ['another holder', { holder: userNamed('test1').der }, 'its holder'],
    ['another certificate of the holder', { holder: userNamed('test0').der }, 'its holder'],
    ['another issuer', { issuer: ecHost.der }, 'its certificates'],
    ['an FQAN more than wanted', { fqans: GRANT.fqans.slice(1) }, 'its FQANs'],
    ['another order', { fqans: GRANT.fqans.toReversed() }, 'its FQANs'],
    ['an attribute more than wanted', { attributes: GRANT.attributes.slice(1) }, 'its attributes'],
  ])('not with %s', async (_, change, says) => {
    await expect(proveAnswer(answer, { ...GRANT, ...change })).rejects.toThrow(`a wrong AC: ${says}`)
  })

  it('not with a signature that was changed', async () => {
    const changed = answer.replace(/<ac>([^<]*)<\/ac>/, (_, base64: string) => {
      const der = Buffer.from(base64, 'base64')
      der[der.length - 1]! ^= 1
      return `<ac>${der.toString('base64')}</ac>`
    })
    await expect(proveAnswer(changed, GRANT)).rejects.toThrow('a wrong AC: its signature: bad')
  })

  it('not without an AC, nor with two', async () => {
    const refused = await talk(daemon.port(), [userNamed('nobody')], REST)
    await expect(proveAnswer(refused, GRANT)).rejects.toThrow('a wrong answer: not one AC')
    await expect(proveAnswer(answer + answer, GRANT)).rejects.toThrow('a wrong answer: not one AC')
  })
})
