import { connect as connectPlain, type Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { clearTimeout as clearTimer, setTimeout as setTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { connect, createSecureContext, type SecureContext } from 'node:tls'
import { parseLegacyAnswer } from '../../../native-free/wire/legacyAnswer.ts'
import { parseRestAnswer } from '../../../native-free/wire/restAnswer.ts'
import type { ReceivedAnswer } from '../../../native-free/wire/types.ts'
import { encodePem } from '../../../native-free/x509/pem.ts'
import { askRest, ca, type Daemon, ecHost, LONG, startDaemon, userNamed } from '../../e2e/daemon.ts'
import { createCa } from '../../pki/createCa.ts'
import type { Credential } from '../../pki/issueCertificate.ts'
import { issueEec } from '../../pki/issueEec.ts'
import { issueProxy } from '../../pki/issueProxy.ts'
import { privateKeyPem } from '../../pki/keys.ts'
import { bendDer } from '../bendDer.ts'
import { Random } from '../random.ts'
import { readCorpus } from '../readCorpus.ts'
import { type FuzzTarget, insist, type Outcome, octets } from '../target.ts'

/** A daemon under attack, and what was seen of it beside the answers. */
export interface SocketTargets extends AsyncDisposable {
  readonly targets: readonly FuzzTarget[]
  /** What the honest client missed, and connections that the daemon did not end. */
  faults(): readonly string[]
  figures(): SocketFigures
}

export interface SocketFigures {
  readonly honestRequests: number
  readonly loopDelayP99Ms: number
  readonly rssGrowthBytes: number
}

/** The daemon's own limits: a second each for handshake and request, two for the whole. */
const LIMITS = {
  handshakeSeconds: 1,
  requestSeconds: 1,
  connectionSeconds: 2,
  maxConnections: 1000,
  maxHandshakes: 200,
}
/** On a busy machine the daemon's timers come late; it is only asked that they come. */
const PATIENCE_MS = 30_000

const member = userNamed('test0')
const stranger = userNamed('stranger')
const foreign = issueEec(createCa({ subject: '/C=IT/O=Test/CN=CA', ...LONG }), {
  subject: '/C=IT/O=Test/CN=test0',
  ...LONG,
})

/** Who comes: only the first two may leave with an AC. */
const PEERS: readonly { readonly chain: readonly Credential[]; readonly isMember: boolean }[] = [
  { chain: [member], isMember: true },
  { chain: [issueProxy(member, LONG), member], isMember: true },
  { chain: [stranger], isMember: false },
  { chain: [], isMember: false },
  { chain: [foreign, member], isMember: false },
  { chain: [issueProxy(stranger, LONG), stranger, member], isMember: false },
]

/** Their names, before there is a daemon for them. */
export const SOCKET_TARGETS = ['socketTls', 'socketSession', 'socketChain'] as const

/** Starts the daemon, and an honest client that asks once a second. */
export async function openSocketTargets(): Promise<SocketTargets> {
  const hostCredentials = ['ec', 'host'].map(name => ({ certificate: `${name}.pem`, key: `${name}.key` }))
  const vo = { name: 'vo.0', listen: ['127.0.0.1:0'], uri: 'voms.example.org:15000', hostCredentials }
  const acCredential = { certificate: 'host.pem', key: 'host.key' }
  const daemon = await startDaemon({ limits: LIMITS, vo: [{ ...vo, acCredential }] })
  const faults: string[] = []
  const left = new Set<Socket>()
  let honestRequests = 0
  const honest = setInterval(() => {
    // The daemon logs into memory here.
    daemon.log.length = 0
    askRest(daemon.port(), [member]).then(
      ({ status, ac }) => {
        honestRequests++
        if (status !== 200 || ac === undefined) faults.push(`an honest client was answered ${status}`)
      },
      (error: Error) => faults.push(`an honest client was not answered: ${error.message}`),
    )
  }, 1000)
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const rss = process.memoryUsage().rss
  const context: Context = { daemon, left, contexts: PEERS.map(({ chain }) => secureContextOf(chain)) }
  return {
    targets: targetsOf(context),
    faults: () => faults,
    figures: () => ({
      honestRequests,
      loopDelayP99Ms: delay.percentile(99) / 1e6,
      rssGrowthBytes: process.memoryUsage().rss - rss,
    }),
    async [Symbol.asyncDispose]() {
      clearInterval(honest)
      await Promise.all([...left].map(ended))
      await daemon.stop()
    },
  }
}

interface Context {
  readonly daemon: Daemon
  /** Connections left to the daemon to end. */
  readonly left: Set<Socket>
  readonly contexts: readonly SecureContext[]
}

function secureContextOf(chain: readonly Credential[]): SecureContext {
  const [first] = chain
  if (first === undefined) return createSecureContext()
  return createSecureContext({ cert: chain.map(({ pem }) => pem).join(''), key: privateKeyPem(first.key) })
}

/** Resolves when the connection is over, whoever ended it; rejects when nobody does. */
function ended(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const timer = setTimer(() => reject(new Error('the daemon does not end a connection')), PATIENCE_MS)
    socket.once('close', () => {
      clearTimer(timer)
      resolve()
    })
  })
}

/** How a client takes its leave. */
type Leave = 'waits' | 'closes its side' | 'resets' | 'is left'

async function leave(socket: Socket, random: Random, { left }: Context): Promise<Leave> {
  // Those that wait for a time-out run beside the others, or a run would take days.
  const how: Leave = random.oneIn(50) ? 'is left' : random.pick(['waits', 'closes its side', 'resets'])
  if (how === 'is left' && left.size < 100) {
    left.add(socket)
    socket.once('close', () => left.delete(socket))
    return how
  }
  if (how === 'resets') socket.destroy()
  if (how === 'waits') await Promise.race([ended(socket), setTimeout(30)])
  socket.end()
  await ended(socket)
  return how
}

/** Octets where a ClientHello belongs. */
async function runTls(input: Uint8Array, random: Random, context: Context): Promise<Outcome> {
  const socket = connectPlain(context.daemon.port(), '127.0.0.1')
  let answer = -1
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    if (answer < 0) answer = chunk[0]!
  })
  await new Promise<void>(resolve => socket.once('connect', resolve).once('close', () => resolve()))
  for (const piece of cut(input, random)) {
    if (socket.destroyed) break
    socket.write(piece)
    if (random.oneIn(4)) await new Promise(setImmediate)
  }
  const how = await leave(socket, random, context)
  insist(answer < 0 || answer === 0x15 || answer === 0x16, `answers with a record of type ${answer}`)
  return answer === 0x16 ? 'hello' : answer === 0x15 ? 'alert' : how
}

function cut(input: Uint8Array, random: Random): Uint8Array[] {
  if (random.oneIn(2)) return [input]
  const at = random.below(input.length + 1)
  return [input.subarray(0, at), input.subarray(at)]
}

/** Octets within a session, of a peer with or without a certificate. */
async function runSession(input: Uint8Array, random: Random, context: Context): Promise<Outcome> {
  const which = random.below(PEERS.length)
  const socket = connect({
    host: '127.0.0.1',
    port: context.daemon.port(),
    rejectUnauthorized: false,
    secureContext: context.contexts[which]!,
  })
  const chunks: Buffer[] = []
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const isOpen = await new Promise<boolean>(resolve => {
    socket.once('secureConnect', () => resolve(true)).once('close', () => resolve(false))
  })
  insist(isOpen, 'no session')
  for (const piece of cut(input, random)) {
    if (socket.destroyed) break
    socket.write(piece)
    if (random.oneIn(4)) await new Promise(setImmediate)
  }
  const how = await leave(socket, random, context)
  return judgeAnswer(Buffer.concat(chunks), PEERS[which]!.isMember, how)
}

/** A whole answer is well-formed, and grants nothing to those who have nothing. */
function judgeAnswer(bytes: Buffer, isMember: boolean, how: Leave): Outcome {
  if (bytes.length === 0) return `nothing, and the client ${how}`
  const text = bytes.toString('latin1').replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  const isHttp = text.startsWith('HTTP/')
  const body = isHttp ? text.slice(text.indexOf('\r\n\r\n') + 4) : text
  const isWhole = /<\/voms(?:ans)?>$/.test(body)
  if (!isWhole) return 'cut off'
  if (isHttp) checkHead(text, body)
  const answer: ReceivedAnswer = (isHttp ? parseRestAnswer : parseLegacyAnswer)(Buffer.from(body, 'latin1'))
  insist(
    isMember || (answer.ac === undefined && answer.list === undefined),
    'a stranger gets an AC or a list',
  )
  if (answer.ac !== undefined) return 'ac'
  return answer.list === undefined ? (answer.errors[0]?.code ?? 'empty') : 'list'
}

function checkHead(text: string, body: string): void {
  const head = text.slice(0, text.length - body.length - 4).split('\r\n')
  insist(/^HTTP\/1\.1 [2-5][0-9][0-9] [A-Za-z -]+$/.test(head[0]!), `a status line ${head[0]}`)
  const fields = head.slice(1)
  insist(
    fields.every(field => /^[A-Z][A-Za-z-]+: [ -~]*$/.test(field)),
    'a malformed field',
  )
  const names = fields.map(field => field.slice(0, field.indexOf(':')).toLowerCase())
  insist(new Set(names).size === names.length, 'a field twice')
  const length = fields.find(field => field.startsWith('Content-Length: '))?.slice(16)
  insist(length === String(body.length), `Content-Length ${length} of ${body.length}`)
}

const REQUEST = octets('GET /generate-ac?fqans=all HTTP/1.1\r\nHost: h\r\n\r\n')

/** Certificates that OpenSSL lets through the handshake, though they are bent: none may pass for a member. */
function bentContexts(count: number): SecureContext[] {
  const random = new Random(1)
  const contexts: SecureContext[] = []
  const seeds = [member, issueProxy(member, LONG), issueProxy(member, { language: 'limited', ...LONG })]
  const others = [...seeds, stranger, ca, ecHost].map(({ der }) => der)
  for (let tries = 0; contexts.length < count && tries < 50 * count; tries++) {
    const seed = random.pick(seeds)
    const der = bendDer(random, seed.der, others)
    // OpenSSL sends the first element of what it loads.
    if (Buffer.from(der.subarray(0, seed.der.length)).equals(seed.der)) continue
    const rest = random.oneIn(2) ? member.pem : encodePem('CERTIFICATE', bendDer(random, member.der, others))
    try {
      const cert = encodePem('CERTIFICATE', der) + rest
      contexts.push(createSecureContext({ cert, key: privateKeyPem(seed.key) }))
    } catch {
      // OpenSSL cannot even load it.
    }
  }
  return contexts
}

async function runChain(input: Uint8Array, random: Random, bent: readonly SecureContext[], context: Context) {
  const socket = connect({
    host: '127.0.0.1',
    port: context.daemon.port(),
    rejectUnauthorized: false,
    secureContext: random.pick(bent),
  })
  const chunks: Buffer[] = []
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.once('secureConnect', () => socket.write(input))
  await ended(socket)
  return judgeAnswer(Buffer.concat(chunks), false, chunks.length === 0 ? 'resets' : 'waits')
}

function targetsOf(context: Context): FuzzTarget[] {
  const words = [
    '0',
    'GET ',
    ' HTTP/1.1\r\n',
    '\r\n\r\n',
    '\n\n',
    '<voms>',
    '</voms>',
    '\0',
    'Content-Length: 9\r\n',
  ]
  const session = readCorpus('session')
  let bent: SecureContext[] | undefined
  return [
    {
      name: 'socketTls',
      corpus: readCorpus('tls'),
      words: ['\x16\x03\x01', '\x15\x03\x03\x00\x02\x02\x28', '\x17\x03\x03\xff\xff'].map(octets),
      run: (input, random) => runTls(input, random, context),
      parallel: 16,
    },
    {
      name: 'socketSession',
      corpus: session,
      words: [
        ...words,
        'fqans=all',
        'Transfer-Encoding: chunked\r\n',
        'Expect: x\r\n',
        '<command>A</command>',
      ].map(octets),
      run: (input, random) => runSession(input, random, context),
      parallel: 16,
      weight: 5,
    },
    {
      name: 'socketChain',
      corpus: [REQUEST],
      run: (_input, random) => {
        bent ??= bentContexts(300)
        return runChain(REQUEST, random, bent, context)
      },
      parallel: 16,
      weight: 20,
    },
  ]
}
