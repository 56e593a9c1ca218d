import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Daemon, LONG, NOW, startDaemon, talk, userNamed } from '../e2e/daemon.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { privateKeyPem } from '../pki/keys.ts'
import { lastReason } from './openCourt.ts'

/** Holds /vo.0/G1/Role=R1 among others. */
const rich = userNamed('test0')
/** Holds /vo.0 alone. */
const poor = userNamed('test1')
const stranger = userNamed('stranger')

let daemon: Daemon
beforeAll(async () => {
  const hostCredentials = [{ certificate: 'host.pem', key: 'host.key' }]
  const vo = { name: 'vo.0', listen: ['127.0.0.1:0'], uri: 'voms.example.org:15000', hostCredentials }
  daemon = await startDaemon({ vo: [{ ...vo, keepAliveSeconds: 60 }] })
})
afterAll(() => daemon?.stop())

interface Answer {
  readonly status: number
  readonly body: string
}

/** One connection that is asked again and again. */
class Kept {
  readonly #socket: TLSSocket
  #text = ''

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#text += chunk.toString('latin1')
    })
  }

  static async open(chain: readonly Credential[]): Promise<Kept> {
    const cert = chain.map(({ pem }) => pem).join('')
    const key = privateKeyPem(chain[0]!.key)
    const socket = connect({ host: '127.0.0.1', port: daemon.port(), rejectUnauthorized: false, cert, key })
    await once(socket, 'secureConnect')
    return new Kept(socket)
  }

  send(query = ''): void {
    this.#socket.write(`GET /generate-ac${query} HTTP/1.1\r\nHost: h\r\n\r\n`)
  }

  async answer(): Promise<Answer> {
    for (;;) {
      const { answers, rest } = split(this.#text)
      const [first] = answers
      if (first !== undefined) {
        this.#text = this.#text.slice(this.#text.length - rest.length - lengthOf(answers.slice(1)))
        return first
      }
      await once(this.#socket, 'data')
    }
  }

  async ask(query = ''): Promise<Answer> {
    for (;;) {
      this.send(query)
      const answer = await this.answer()
      // A busy machine's database did not answer in time.
      if (answer.status !== 503) return answer
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}

interface Framed extends Answer {
  readonly length: number
}

/** Answers one after another, each as long as its head says, and what follows them. */
function split(text: string): { answers: readonly Framed[]; rest: string } {
  const answers: Framed[] = []
  let rest = text
  for (;;) {
    const head = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\nContent-Length: (\d+)\r\n[\s\S]*?\r\n\r\n/.exec(rest)
    const length = head === null ? 0 : head[0].length + Number(head[2])
    if (head === null || rest.length < length) return { answers, rest }
    answers.push({ status: Number(head[1]), body: rest.slice(head[0].length, length), length })
    rest = rest.slice(length)
  }
}

const lengthOf = (answers: readonly Framed[]) => answers.reduce((sum, { length }) => sum + length, 0)

/** Who the holder is, by the serial of his certificate, and what he got. */
async function readAnswer({ body }: Answer) {
  const ac = /<ac>([\s\S]*?)<\/ac>/.exec(body)?.[1]
  if (ac === undefined) return undefined
  const { holder, fqans } = await readAcIndependently(new Uint8Array(Buffer.from(ac, 'base64')))
  return { holder: holder.serial, fqans }
}

const serialOf = ({ serial }: Credential) => Buffer.from(serial).toString('hex')

describe('a kept connection', () => {
  it('has one owner, however many others ask beside it, and ahead', async () => {
    const owners = [rich, poor, stranger]
    const connections = await Promise.all(
      Array.from({ length: 9 }, (_, n) => {
        const owner = owners[n % 3]!
        return Kept.open(n < 3 ? [owner] : [issueProxy(owner, LONG), owner])
      }),
    )
    for (let round = 0; round < 5; round++) {
      for (const connection of connections) for (let n = 0; n < 3; n++) connection.send('?fqans=all')
      for (const [n, connection] of connections.entries()) {
        const owner = owners[n % 3]!
        for (let k = 0; k < 3; k++) {
          const answer = await connection.answer()
          if (answer.status === 503) continue
          const given = await readAnswer(answer)
          if (owner === stranger) expect(given).toBeUndefined()
          else expect(given!.holder).toBe(serialOf(owner))
          if (owner === poor) {
            expect(given!.fqans.some(fqan => fqan.includes('Role=R1') || fqan.includes('/G'))).toBe(false)
          }
        }
      }
    }
    for (const connection of connections) connection.close()
  }, 60_000)

  it('does not outlive the proxy that it was opened with', async () => {
    const connection = await Kept.open([issueProxy(rich, { from: NOW - 60, until: NOW + 60 }), rich])
    expect((await connection.ask()).status).toBe(200)
    daemon.clock.now = NOW + 61
    try {
      expect((await connection.ask()).status).toBe(403)
      expect(lastReason(daemon)).toBe('PROXY_EXPIRED')
    } finally {
      daemon.clock.now = NOW
    }
    connection.close()
  })

  it('does not outlive a membership', async () => {
    const connection = await Kept.open([poor])
    expect((await connection.ask()).status).toBe(200)
    const suspend = async (suspended: boolean) => {
      const db = await daemon.database()
      await db.query(`update vouchd.member set suspended = $1 where source_id = '1'`, [suspended])
      await db.close()
    }
    await suspend(true)
    await expect
      .poll(async () => (await connection.ask()).body, { timeout: 20_000, interval: 200 })
      .toContain('<code>SuspendedUser')
    await suspend(false)
    connection.close()
  }, 60_000)
})

/** A request for more, where it would have to be taken for the next one. */
const HIDDEN = 'GET /generate-ac?fqans=/vo.0/G1/Role=R1 HTTP/1.1\r\nHost: h\r\n\r\n'
const LENGTH = HIDDEN.length
/** Where the connection is kept, it ends it. */
const LAST = 'GET /generate-ac?fqans=/vo.0 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
const get = (fields: string, body: string) =>
  `GET /generate-ac?fqans=/vo.0 HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n${body}`

describe('the frame of a request is read in one way alone', () => {
  it.each([
    ['a body of a length', get(`Content-Length: ${LENGTH}`, HIDDEN)],
    ['a body of two lengths', get(`Content-Length: 0\r\nContent-Length: ${LENGTH}`, HIDDEN)],
    ['a body of a list of lengths', get(`Content-Length: 0, ${LENGTH}`, HIDDEN)],
    ['a length with a sign', get(`Content-Length: +${LENGTH}`, HIDDEN)],
    ['a length in hexadecimal', get('Content-Length: 0x10', HIDDEN)],
    ['a length on two lines', get(`Content-Length:\r\n ${LENGTH}`, HIDDEN)],
    ['a length beyond any number', get('Content-Length: 99999999999999999999', HIDDEN)],
    ['a body in chunks', get('Transfer-Encoding: chunked', `0\r\n\r\n${HIDDEN}`)],
    [
      'a body in chunks that is longer',
      get('Transfer-Encoding: chunked', `${LENGTH.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`),
    ],
    [
      'chunks and a length',
      get(`Content-Length: ${LENGTH + 5}\r\nTransfer-Encoding: chunked`, `0\r\n\r\n${HIDDEN}`),
    ],
    ['chunks after another coding', get('Transfer-Encoding: gzip, chunked', `0\r\n\r\n${HIDDEN}`)],
    ['chunks before another coding', get('Transfer-Encoding: chunked, identity', `0\r\n\r\n${HIDDEN}`)],
    ['chunks with an extension', get('Transfer-Encoding: chunked', `0;a="\r\n\r\n${HIDDEN}`)],
    [
      'a size of chunk beyond any number',
      get('Transfer-Encoding: chunked', `fffffffffffffffff\r\n${HIDDEN}`),
    ],
    ['a body that is waited for', get(`Expect: 100-continue\r\nContent-Length: ${LENGTH}`, HIDDEN)],
    ['another protocol', get('Connection: Upgrade\r\nUpgrade: h2c', HIDDEN)],
  ])('%s: what follows it is no request, nor a part of an answer', async (_name, request) => {
    const text = await talk(daemon.port(), [rich], request + LAST)
    const { answers, rest } = split(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''))
    expect(rest).toBe('')
    expect(answers.length).toBeLessThanOrEqual(text.includes('Connection: keep-alive') ? 3 : 1)
    for (const answer of answers) {
      const given = await readAnswer(answer)
      if (given !== undefined) expect(given.holder).toBe(serialOf(rich))
    }
    // Where the connection was kept, there was no body.
    if (/Content-Length: [1-9]|Transfer-Encoding|Upgrade/.test(request))
      expect(answers.length).toBeLessThanOrEqual(1)
  })

  it.each([
    ['a carriage return alone', 'X: a\rTransfer-Encoding: chunked'],
    ['a NUL in a field', 'X: a\0b'],
    ['a field without a name', ': chunked'],
    ['a blank before the colon', 'Transfer-Encoding : chunked'],
    ['a field that is continued', 'X: a\r\n Transfer-Encoding: chunked'],
    ['octets beyond ASCII', 'X: \xff\xfe'],
  ])('%s: whatever is answered, it is the owner who gets it', async (_name, field) => {
    const text = await talk(daemon.port(), [poor], get(field, HIDDEN) + LAST)
    const { answers, rest } = split(text)
    expect(rest).toBe('')
    expect(answers.length).toBeLessThanOrEqual(3)
    for (const answer of answers) {
      const given = await readAnswer(answer)
      expect([undefined, serialOf(poor)]).toContain(given?.holder)
      expect(given?.fqans.some(fqan => fqan.includes('Role=R1')) ?? false).toBe(false)
    }
  })
})
