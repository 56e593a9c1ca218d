import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toBase64Lines } from '../../native-free/bytes/base64.ts'
import { ClientError } from '../../src/client/ClientError.ts'
import type { JudgeServer } from '../../src/client/judgeServer.ts'
import { createServerJudge } from '../../src/client/judgeServer.ts'
import {
  type AcAnswer,
  AcRequestError,
  type ClientProtocol,
  describeAttempt,
  type RequestAcOptions,
  requestAc,
} from '../../src/client/requestAc.ts'
import { issueEec } from '../pki/issueEec.ts'
import { newKey } from '../pki/keys.ts'
import {
  ca,
  http,
  identity,
  LONG,
  makeAc,
  makeTrust,
  startTcp,
  startTls,
  strangeCa,
  type TestServer,
} from './grid.ts'

const AC = makeAc()
const REST = `<?xml version="1.0" encoding="UTF-8"?><voms><ac>${toBase64Lines(AC)}</ac></voms>`
const LEGACY = `<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version><ac>${toBase64Lines(AC)}</ac></vomsans>`
const refusal = (code: string, message: string) =>
  `<?xml version="1.0"?><voms><error><code>${code}</code><message>${message}</message></error></voms>`
const REQUEST = { fqans: ['/vo.0'], order: undefined, targets: [], lifetimeSeconds: 3600 }

let grid: Awaited<ReturnType<typeof makeTrust>>
let judge: JudgeServer
const servers: TestServer[] = []
beforeAll(async () => {
  grid = await makeTrust()
  judge = createServerJudge({ trust: grid.trust, checkHostName: true })
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})
afterAll(() => grid.remove())

async function serving(start: Promise<TestServer>): Promise<TestServer> {
  const server = await start
  servers.push(server)
  return server
}

const options = (change: Partial<RequestAcOptions> = {}): RequestAcOptions => ({
  identity,
  judge,
  times: { connectMs: 2000, handshakeMs: 2000, answerMs: 2000 },
  protocols: ['rest', 'legacy'],
  // Keeps the order.
  random: bound => bound - 1,
  onContact: () => {},
  ...change,
})

const ask = (list: readonly TestServer[], change: Partial<RequestAcOptions> = {}): Promise<AcAnswer> =>
  requestAc(list, REQUEST, options(change))

async function failure(list: readonly TestServer[], change: Partial<RequestAcOptions> = {}) {
  const error = await ask(list, change).then(
    () => undefined,
    cause => cause,
  )
  expect(error).toBeInstanceOf(AcRequestError)
  const { attempts } = error as AcRequestError
  return attempts.map(({ protocol, error }) => ({ protocol, code: error.code, message: error.message }))
}

/** Answers what is asked in each protocol, once the request is there. */
function answering(rest: string | undefined, legacy: string | undefined) {
  return (socket: TLSSocket) => {
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      const isRest = text.startsWith('GET ')
      if (!(isRest ? text.endsWith('\r\n\r\n') : text.endsWith('</voms>'))) return
      const answer = isRest ? rest : legacy
      if (answer === undefined) socket.destroy()
      else socket.end(answer)
    })
  }
}

describe('a healthy server', () => {
  it.each<[string, readonly ClientProtocol[], string | undefined, string | undefined, ClientProtocol]>([
    ['REST', ['rest', 'legacy'], http(REST), undefined, 'rest'],
    ['legacy after no answer over REST', ['rest', 'legacy'], undefined, LEGACY, 'legacy'],
    [
      'legacy after garbage over REST',
      ['rest', 'legacy'],
      http('<html>no</html>', '404 Not Found'),
      LEGACY,
      'legacy',
    ],
    [
      'legacy after an answer without an AC',
      ['rest', 'legacy'],
      http('<voms><warning>validity</warning></voms>', '500 no'),
      LEGACY,
      'legacy',
    ],
    ['legacy alone', ['legacy'], undefined, LEGACY, 'legacy'],
    [
      'REST with a warning and status 500',
      ['rest'],
      http(REST.replace('</voms>', '<warning>The validity is shortened</warning></voms>'), '500 no'),
      undefined,
      'rest',
    ],
    [
      'REST in chunks',
      ['rest'],
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${Buffer.byteLength(REST).toString(16)}\r\n${REST}\r\n0\r\n\r\n`,
      undefined,
      'rest',
    ],
  ])('gives its AC: %s', async (_name, protocols, rest, legacy, expected) => {
    const server = await serving(startTls(answering(rest, legacy)))
    const answer = await ask([server], { protocols })
    expect(Buffer.from(answer.ac)).toEqual(Buffer.from(AC))
    expect(answer.protocol).toBe(expected)
  })

  it('is heard to the end of the document where it leaves the closing to the client', async () => {
    const server = await serving(
      startTls(socket => {
        socket.on('data', () => socket.write(LEGACY))
      }),
    )
    expect((await ask([server], { protocols: ['legacy'] })).ac).toHaveLength(AC.length)
  })
})

describe('a hostile server', () => {
  const forever = (socket: TLSSocket, piece: string, milliseconds: number) => {
    const timer = setInterval(() => socket.write(piece), milliseconds)
    socket.on('close', () => clearInterval(timer))
  }
  const short = { times: { connectMs: 2000, handshakeMs: 300, answerMs: 300 } }

  it('that never answers is given up', async () => {
    const server = await serving(startTls(() => {}))
    expect(await failure([server], short)).toEqual([
      { protocol: 'rest', code: 'timeout', message: 'no complete answer within 0.3 s' },
      { protocol: 'legacy', code: 'timeout', message: 'no complete answer within 0.3 s' },
    ])
  })

  it('that drips its answer is given up', async () => {
    const server = await serving(
      startTls(socket => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n<voms>')
        forever(socket, 'x', 20)
      }),
    )
    expect(await failure([server], { ...short, protocols: ['rest'] })).toMatchObject([{ code: 'timeout' }])
    expect(await failure([server], { ...short, protocols: ['legacy'] })).toMatchObject([{ code: 'timeout' }])
  })

  it('that never ends its answer is cut off, and no second one is read', async () => {
    const flood = 'x'.repeat(256 * 1024)
    let sent = 0
    const server = await serving(
      startTls(socket => {
        const pour = () => {
          while (!socket.destroyed && sent < 64 << 20) {
            sent += flood.length
            if (!socket.write(flood)) {
              socket.once('drain', pour)
              return
            }
          }
        }
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        pour()
      }),
    )
    expect(await failure([server])).toEqual([
      { protocol: 'rest', code: 'answer-too-large', message: 'the answer has more than 4194304 bytes' },
    ])
    expect(sent).toBeLessThan(64 << 20)
    expect(await failure([server], { protocols: ['legacy'] })).toMatchObject([{ code: 'answer-too-large' }])
  })

  it.each([
    ['garbage', '\0\xff garbage', 'answer-not-understood'],
    ['an endless header', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`, 'answer-not-understood'],
    [
      'a document with a DTD',
      http('<!DOCTYPE a [<!ENTITY b "c">]><voms>&b;</voms>'),
      'answer-not-understood',
    ],
    ['an AC that is no base64', http('<voms><ac>***\n</ac></voms>'), 'answer-not-understood'],
    ['nothing', '', 'no-answer'],
  ])('that sends %s is told of', async (_name, bytes, restCode) => {
    const server = await serving(
      startTls(socket => {
        socket.once('data', () => socket.end(Buffer.from(bytes, 'latin1')))
      }),
    )
    const attempts = await failure([server])
    expect(attempts[0]).toMatchObject({ protocol: 'rest', code: restCode })
    expect(attempts).toHaveLength(2)
    expect(['answer-not-understood', 'no-answer']).toContain(attempts[1]!.code)
  })

  it('that does not speak TLS is told of, and not asked again', async () => {
    const server = await serving(startTcp(socket => socket.end('220 mail\r\n')))
    expect(await failure([server])).toEqual([
      { protocol: 'rest', code: 'tls', message: 'what answers there does not speak TLS' },
    ])
    expect(server.connections()).toBe(1)
  })

  it('that never shakes hands is given up', async () => {
    const server = await serving(startTcp(() => {}))
    expect(await failure([server], short)).toEqual([
      { protocol: 'rest', code: 'tls', message: 'no TLS handshake within 0.3 s' },
    ])
  })

  it('that is not there is told of', async () => {
    const server = await startTcp(() => {})
    await server.stop()
    expect(await failure([server])).toEqual([
      { protocol: 'rest', code: 'connect', message: `nothing listens on port ${server.port} of 127.0.0.1` },
    ])
  })
})

describe('the certificate of the server', () => {
  const names = [{ dns: 'localhost' }, { ip: [127, 0, 0, 1] }]
  const subject = '/C=IT/O=Test/CN=localhost'
  const bad = [
    [
      'of another host',
      issueEec(ca, { subject, altNames: [{ dns: 'other.example' }], ...LONG }),
      /for another host/,
    ],
    ['without a subjectAltName', issueEec(ca, { subject, ...LONG }), /without a subjectAltName/],
    [
      'of a CA that is not trusted',
      issueEec(strangeCa, { subject, altNames: names, ...LONG }),
      /its CA is not trusted here \(UNKNOWN_CA/,
    ],
    [
      'that has expired',
      issueEec(ca, { subject, altNames: names, from: LONG.from, until: '2026-01-01T00:00:00Z' }),
      /it expired on 2026-01-01/,
    ],
    [
      'outside the names of its CA',
      issueEec(ca, { subject: '/C=FR/CN=x', altNames: names, ...LONG }),
      /not trusted here for this name/,
    ],
    [
      'with a signature of somebody else',
      issueEec(ca, { subject, altNames: names, signer: newKey(), ...LONG }),
      /a signature in its chain is wrong/,
    ],
  ] as const

  it.each(bad)('%s ends the attempt before anything is sent', async (_name, credential, message) => {
    let received = 0
    const server = await serving(
      startTls(socket => {
        socket.on('data', chunk => {
          received += chunk.length
        })
      }, credential),
    )
    const attempts = await failure([server])
    expect(attempts).toMatchObject([{ protocol: 'rest', code: 'server-certificate' }])
    expect(attempts[0]!.message).toMatch(message)
    expect(received).toBe(0)
  })

  it('of another host is taken when that does not matter, one of another CA never', async () => {
    const lax = createServerJudge({ trust: grid.trust, checkHostName: false })
    const [other, , strange] = bad
    const first = await serving(startTls(answering(http(REST), undefined), other[1]))
    expect((await ask([first], { judge: lax })).protocol).toBe('rest')
    const second = await serving(startTls(answering(http(REST), undefined), strange[1]))
    expect(await failure([second], { judge: lax })).toMatchObject([{ code: 'server-certificate' }])
  })

  it('cannot be trusted without any CA', async () => {
    const nothing = { ...grid.trust, cas: 0, folder: '/nowhere' }
    const server = await serving(startTls(answering(http(REST), undefined)))
    const attempts = await failure([server], {
      judge: createServerJudge({ trust: nothing, checkHostName: true }),
    })
    expect(attempts).toMatchObject([{ code: 'trust', message: expect.stringContaining('/nowhere') }])
  })
})

describe('several servers', () => {
  const good = () => serving(startTls(answering(http(REST), undefined)))
  const refusing = (code: string, message: string) =>
    serving(startTls(answering(http(refusal(code, message), '403 Forbidden'), undefined)))

  it('are asked until one gives an AC', async () => {
    const down = await startTcp(() => {})
    await down.stop()
    const silent = await serving(startTls(socket => socket.destroy()))
    const last = await good()
    const contacted: number[] = []
    const answer = await ask([down, silent, last], { onContact: ({ port }) => contacted.push(port) })
    expect(answer.server.port).toBe(last.port)
    expect(contacted).toEqual([down.port, silent.port, last.port])
  })

  it('are asked in an order that chance decides, each once', async () => {
    const [a, b, c] = [await good(), await good(), await good()]
    // Fisher and Yates, always taking the first: [a, b, c] -> [c, b, a] -> [b, c, a].
    expect((await ask([a!, b!, c!], { random: () => 0 })).server.port).toBe(b!.port)
  })

  it.each([
    [
      'unknown user, as one without its database says, too',
      'NoSuchUser',
      'vo.0: User unknown to this VO.',
      1,
    ],
    ['fault of its own', 'InternalError', 'vo.0: Problems in DB communication.', 1],
    ['suspended', 'SuspendedUser', 'User is currently suspended!', 0],
    ['not to be satisfied', 'BadRequest', 'vo.0: Unable to satisfy G/vo.0/x request!', 0],
  ])('after "%s" the next is asked or not', async (_name, code, message, next) => {
    const [first, second] = [await refusing(code, message), await good()]
    const outcome = await ask([first!, second!]).then(
      answer => answer.server.port,
      (error: AcRequestError) => error.attempts.map(describeAttempt),
    )
    expect(second!.connections()).toBe(next)
    // A server that understood is not asked in another protocol.
    expect(first!.connections()).toBe(1)
    expect(outcome).toEqual(next === 1 ? second!.port : [`127.0.0.1:${first!.port}: ${message}`])
  })

  it('that all refuse are all quoted', async () => {
    const [first, second] = [
      await refusing('NoSuchUser', 'first word'),
      await refusing('NoSuchUser', 'second\nword'),
    ]
    const error = await ask([first!, second!]).catch((cause: AcRequestError) => cause)
    expect((error as AcRequestError).message).toBe(
      `127.0.0.1:${first!.port}: first word; 127.0.0.1:${second!.port}: second word`,
    )
  })
})

it('what cannot be sent over REST goes over the legacy protocol', async () => {
  const server = await serving(startTls(answering(undefined, LEGACY)))
  const answer = await requestAc([server], { ...REQUEST, fqans: ['/vo.0/a b'] }, options())
  expect(answer.protocol).toBe('legacy')
  expect(server.connections()).toBe(1)
})

it('the words of a server stand in one line, however many blanks they are of', () => {
  const words = `a\n\n b${' '.repeat(1_000_000)}c \n`
  const error = new ClientError('refused', words)
  const text = describeAttempt({ server: { host: '::1', port: 1 }, error, protocol: 'rest' })
  expect(text).toBe(`[::1]:1: a b${' '.repeat(1_000_000)}c`)
})
