import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { Credential } from '../../test/pki/issueCertificate.ts'
import { issueProxy } from '../../test/pki/issueProxy.ts'
import { newKey, privateKeyPem } from '../../test/pki/keys.ts'
import { type BenchWorld, VO } from './benchWorld.ts'

/** What clients of a soak do, and what came of it. */
export interface SoakClient {
  /** So many connections with a fresh proxy and one request each, so that caches are as full as they get. */
  warmUp(connections: number): Promise<void>
  /** So many more requests; resolves when all are answered. */
  ask(count: number): Promise<Answers>
  /** Closes what is open. */
  close(): void
}

export interface Answers {
  /** From the request to the last octet of its answer, of kept connections; milliseconds. */
  readonly milliseconds: readonly number[]
  readonly granted: number
  readonly refused: number
  /** Answered 503: what a starved machine makes of a look-up in the database. */
  readonly unavailable: number
  /** TLS connections that were opened. */
  readonly connections: number
  /** Proxies that the daemon had never seen. */
  readonly freshProxies: number
}

export interface SoakSettings {
  readonly port: number
  /** At once. */
  readonly lanes: number
  /** Requests of a kept connection. */
  readonly kept: number
}

interface Asked {
  readonly path: string
  /** The answer must hold it. */
  readonly expect: string
}

const GRANTED = '</ac></voms>'
const GROUPS = ['', '/g1', '/g2', '/g2/g3', '/production']

/**
 * Members with their own certificates and with proxies made a moment ago, strangers, members who ask for what they do
 * not hold, and old clients that speak XML. What comes next depends on its number alone.
 */
export function createSoakClient(world: BenchWorld, settings: SoakSettings): SoakClient {
  const { members, stranger } = world
  const now = Math.floor(Date.now() / 1000)
  const dates = { from: now - 3600, until: now + 86_400 }
  const proxyKey = newKey('p256')
  const open = new Set<TLSSocket>()
  let connections = 0

  function contextOf(n: number): { context: SecureContext; isMember: boolean; isFresh: boolean } {
    if (n % 50 === 49) return { context: secureContext([stranger]), isMember: false, isFresh: false }
    const member = members[(n * 7) % members.length]!
    const isFresh = n % 2 === 0
    const proxy = isFresh ? [issueProxy(member, { ...dates, key: proxyKey })] : []
    // Every eighth has a proxy below its proxy.
    const below = isFresh && n % 8 === 0 ? [issueProxy(proxy[0]!, { ...dates, key: proxyKey })] : []
    return { context: secureContext([...below, ...proxy, member]), isMember: true, isFresh }
  }

  function askedBy(isMember: boolean, n: number): Asked {
    if (!isMember) return { path: '/generate-ac', expect: '<code>NoSuchUser' }
    const group = GROUPS[n % GROUPS.length]!
    if (n % 40 === 0) return { path: `/generate-ac?fqans=/${VO}${group}/Role=nobody`, expect: '<code>' }
    const role = group === '/production' ? '/Role=manager' : ''
    const target = n % 3 === 0 ? `&targets=host${n % 1000}.example.org` : ''
    const path = `/generate-ac?fqans=/${VO}${group}${role}&lifetime=${600 + (n % 40_000)}${target}`
    return { path, expect: GRANTED }
  }

  async function connection(most: number, into: MutableAnswers): Promise<void> {
    await connectAs(connections++, most, into)
  }

  async function connectAs(n: number, most: number, into: MutableAnswers): Promise<void> {
    const { context, isMember, isFresh } = contextOf(n)
    const socket = connect({
      host: '127.0.0.1',
      port: settings.port,
      secureContext: context,
      rejectUnauthorized: false,
    })
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    into.connections++
    if (isFresh) into.freshProxies++
    const answers = readerOf(socket)
    try {
      if (isMember && n % 20 === 1) {
        await legacy(socket, answers, into)
        return
      }
      for (let k = 0; k < most; k++) {
        const { path, expect } = askedBy(isMember, n * settings.kept + k)
        const begun = performance.now()
        socket.write(`GET ${path} HTTP/1.1\r\nHost: voms.example.org\r\n\r\n`)
        note(await answers.http(), expect, into)
        if (k > 0) into.milliseconds.push(performance.now() - begun)
      }
    } finally {
      socket.destroy()
    }
  }

  async function ask(count: number): Promise<Answers> {
    const into = noAnswers()
    let left = count
    const lane = async () => {
      while (left > 0) {
        const most = Math.min(settings.kept, left)
        left -= most
        await connection(most, into)
      }
    }
    await Promise.all(Array.from({ length: settings.lanes }, lane))
    return into
  }

  async function warmUp(count: number): Promise<void> {
    let left = count
    const lane = async () => {
      // Even numbers are those of fresh proxies.
      while (left-- > 0) await connectAs(2 * left, 1, noAnswers())
    }
    await Promise.all(Array.from({ length: settings.lanes }, lane))
  }

  return {
    warmUp,
    ask,
    close() {
      for (const socket of open) socket.destroy()
    },
  }
}

type MutableAnswers = { -readonly [K in keyof Answers]: Answers[K] } & { milliseconds: number[] }

const noAnswers = (): MutableAnswers => ({
  milliseconds: [],
  granted: 0,
  refused: 0,
  unavailable: 0,
  connections: 0,
  freshProxies: 0,
})

async function legacy(socket: TLSSocket, answers: AnswerReader, into: MutableAnswers): Promise<void> {
  socket.write(
    `<?xml version="1.0" encoding="US-ASCII"?><voms><command>B/${VO}/production:manager</command><base64>1</base64></voms>`,
  )
  note(await answers.toEnd(), '</ac></vomsans>', into)
}

function note(answer: string, expect: string, into: MutableAnswers): void {
  if (answer.startsWith('HTTP/1.1 503 ') || answer.includes('<code>1006<')) {
    into.unavailable++
    return
  }
  if (!answer.includes(expect)) throw new Error(`a wrong answer: ${answer.slice(0, 500)}`)
  if (expect.startsWith('</ac>')) into.granted++
  else into.refused++
}

function secureContext(chain: readonly Credential[]): SecureContext {
  return createSecureContext({
    cert: chain.map(({ pem }) => pem).join(''),
    key: privateKeyPem(chain[0]!.key),
  })
}

interface AnswerReader {
  /** The next whole HTTP answer. */
  http(): Promise<string>
  /** All until the server closes. */
  toEnd(): Promise<string>
}

function readerOf(socket: TLSSocket): AnswerReader {
  let text = ''
  let wake = () => {}
  let ended: Error | true | undefined
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    wake()
  })
  socket.once('error', error => {
    ended ??= error
    wake()
  })
  socket.once('close', () => {
    ended ??= true
    wake()
  })
  const more = () =>
    new Promise<void>(resolve => {
      wake = resolve
    })
  return {
    async http() {
      for (;;) {
        const end = text.indexOf('\r\n\r\n')
        const length = end < 0 ? undefined : /\r\nContent-Length: (\d+)/.exec(text.slice(0, end))?.[1]
        const whole = end + 4 + Number(length)
        if (length !== undefined && text.length >= whole) {
          const answer = text.slice(0, whole)
          text = text.slice(whole)
          return answer
        }
        if (ended !== undefined) throw new Error(`the connection ended early: ${String(ended)}`)
        await more()
      }
    },
    async toEnd() {
      while (ended === undefined) await more()
      if (ended !== true) throw ended
      return text
    },
  }
}
