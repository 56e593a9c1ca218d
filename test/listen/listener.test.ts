import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import type { LimitsConfig, ListenAddress, RateLimits } from '../../src/config/types.ts'
import type { Answerer } from '../../src/listen/connection.ts'
import { createDescriptors } from '../../src/listen/descriptors.ts'
import { createListener, type ListenerSettings } from '../../src/listen/listener.ts'
import { createPace, loopTurns, type Pace, type Waiter } from '../../src/listen/pace.ts'
import type { PeerChain } from '../../src/listen/peerChain.ts'
import { openPort } from '../../src/listen/port.ts'
import { tlsContext } from '../../src/listen/tlsOptions.ts'
import type { Frame } from '../../src/request/frame.ts'
import type { Reply } from '../../src/respond/reply.ts'
import { createCa } from '../pki/createCa.ts'
import { issueEec } from '../pki/issueEec.ts'
import { chainOf, issueProxy } from '../pki/issueProxy.ts'
import { privateKeyPem, storedRsaKey } from '../pki/keys.ts'

const YEARS = { from: '2026-01-01T00:00:00Z', until: '2046-01-01T00:00:00Z' }
const ca = createCa({ subject: '/C=IT/O=G/CN=CA', ...YEARS })
const rsaHost = issueEec(ca, { subject: '/C=IT/O=G/CN=localhost', key: storedRsaKey(2048), ...YEARS })
const ecHost = issueEec(ca, { subject: '/C=IT/O=G/CN=localhost', ...YEARS })
const user = issueEec(ca, { subject: '/C=IT/O=G/CN=u', ...YEARS })
const stranger = issueEec(ca, { subject: '/C=IT/O=G/CN=v', ...YEARS })
const proxy = issueProxy(user, YEARS)

const credential = (host: typeof rsaHost) => ({
  certificate: Buffer.from(host.pem),
  key: Buffer.from(privateKeyPem(host.key)),
})

const RATES: RateLimits = {
  holderRequestsPerMinute: 0,
  addressConnectionsPerMinute: 0,
  addressConnections: 0,
  connectionsPerMinute: 0,
}

const LIMITS: LimitsConfig = {
  ...RATES,
  handshakeSeconds: 10,
  requestSeconds: 10,
  connectionSeconds: 15,
  maxConnections: 100,
  maxHandshakes: 100,
  maxWaitMilliseconds: 10_000,
  maxRequestBytes: 16_384,
  backlog: 100,
}

const SETTINGS: ListenerSettings = {
  secureContext: tlsContext([credential(rsaHost)]),
  limits: LIMITS,
  rates: RATES,
  maxSentCerts: 32,
  keepAliveSeconds: 0,
}

interface Seen {
  readonly peer: PeerChain
  readonly frame: Frame
}

const open: { close(): Promise<unknown> }[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(open.splice(0).map(each => each.close()))
})

/** A listener whose answers show what was seen, and the requests it saw. */
async function start(
  change: Partial<ListenerSettings> & {
    readonly addresses?: readonly ListenAddress[]
    readonly fds?: number
    readonly body?: Buffer
    readonly pace?: Pace
  } = {},
  answer?: () => Promise<void>,
) {
  const seen: Seen[] = []
  const shed: string[] = []
  const ended: string[] = []
  const {
    addresses = [{ host: '127.0.0.1', port: 0 }],
    fds = Number.NaN,
    body = Buffer.from('<voms/>'),
    pace = createPace({ monotonic: () => performance.now(), turns: loopTurns, inService: () => 0 }),
    ...settings
  } = change
  const rest = (status: number): Reply => ({
    protocol: 'rest',
    status,
    headers: { 'Content-Type': 'text/xml', 'Content-Length': String(body.length), Connection: 'close' },
    body,
  })
  const answerer: Answerer = {
    async serve(peer, frame) {
      seen.push({ peer, frame })
      await answer?.()
      return frame.protocol === 'rest'
        ? rest(200)
        : { protocol: 'legacy', document: Buffer.from('<vomsans/>') }
    },
    refuse(_peer, protocol, why) {
      const status = { timeout: 408, 'too-large': 413, 'not-understood': 400 }[why]
      return protocol === 'rest'
        ? rest(status)
        : { protocol, document: Buffer.from(`<vomsans>${why}</vomsans>`) }
    },
  }
  const events = {
    shed: (reason: string) => shed.push(reason),
    handshakeDone: () => ended.push('done'),
    handshakeTimedOut: () => ended.push('timed out'),
    answerWritten: () => ended.push('written'),
    handshakeFailed: () => ended.push('failed'),
  }
  const deps = {
    monotonic: () => performance.now(),
    descriptors: createDescriptors(fds),
    pace,
  }
  const listener = createListener({ ...SETTINGS, ...settings }, answerer, events, deps)
  const opening = addresses.map(address => openPort({ key: address.host, address, backlog: 100 }))
  const ports = await Promise.all(opening)
  for (const port of ports) port.serve(listener.accept)
  const close = (drainMs: number) =>
    Promise.all([...ports.map(port => port.close()), listener.drain(drainMs)])
  open.push({ close: () => close(0).finally(pace.close) })
  return { listener, ports, close, port: ports[0]!.address.port, seen, shed, ended }
}

type DialOptions = ConnectionOptions & { readonly localAddress?: string }

function dial(port: number, options: DialOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      cert: user.pem,
      key: privateKeyPem(user.key),
      ...options,
    })
    sockets.push(socket)
    socket.once('error', reject)
    socket.once('secureConnect', () => resolve(socket))
  })
}

/** Everything the server writes until it closes. */
function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(text))
  })
}

async function ask(port: number, pieces: readonly string[], options?: DialOptions): Promise<string> {
  const socket = await dial(port, options)
  const answer = readAll(socket)
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return answer
}

/** Tries until it succeeds, as long as a test may take. */
async function until<T>(look: () => Promise<T>): Promise<void> {
  while (!(await look())) await new Promise(resolve => setTimeout(resolve, 10))
}

const C_API = 'GET /generate-ac?fqans=/vo HTTP/1.0\nUser-Agent: voms APIs 2.0\nAccept: */*\nHost: h:15000\n\n'
const JAVA = 'GET /generate-ac?lifetime=1 HTTP/1.1\r\nHost: h:15000\r\nConnection: keep-alive\r\n\r\n'
const XML = '<?xml version="1.0" encoding="US-ASCII"?><voms><command>G/vo</command></voms>'

describe('first bytes', () => {
  const octets = (text: string) => [...text]
  const rows: readonly [string, readonly string[], 'rest' | 'legacy'][] = [
    ['REST with bare line feeds after a 0 record', ['0', C_API], 'rest'],
    ['REST glued to the 0', [`0${C_API}`], 'rest'],
    ['REST without a 0', [JAVA], 'rest'],
    ['REST, octet by octet', octets(`0${JAVA}`), 'rest'],
    ['many leading zeros', [`000${JAVA}`], 'rest'],
    ['legacy after a 0 record', ['0', XML], 'legacy'],
    ['legacy glued to the 0', [`0${XML}`], 'legacy'],
    ['legacy without a 0', [XML], 'legacy'],
    ['legacy, octet by octet', octets(`0${XML}`), 'legacy'],
  ]
  it.each(rows)('%s', async (_name, pieces, protocol) => {
    const { port, seen } = await start()
    const answer = await ask(port, pieces)
    expect(seen.map(s => s.frame.protocol)).toEqual([protocol])
    if (protocol === 'legacy') expect(answer).toBe('<vomsans/>')
    else expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(.+\r\n)+\r\n<voms\/>$/)
  })

  it('of neither protocol get a legacy refusal', async () => {
    const { port, seen } = await start()
    expect(await ask(port, ['\x16\x03\x01 hello'])).toBe('<vomsans>not-understood</vomsans>')
    expect(seen).toEqual([])
  })
})

describe('requests', () => {
  it('hand the raw target over', async () => {
    const { port, seen } = await start()
    await ask(port, ['GET /generate-ac?fqans=%2Fvo/G1,/vo&targets=a,%00 HTTP/1.1\r\nHost: h\r\n\r\n'])
    expect(seen[0]!.frame).toMatchObject({
      method: 'GET',
      target: '/generate-ac?fqans=%2Fvo/G1,/vo&targets=a,%00',
    })
  })

  it('are one per connection: a second one in the same segment is not served', async () => {
    const { port, seen } = await start()
    await ask(port, [JAVA + JAVA])
    expect(seen).toHaveLength(1)
  })

  it.each([
    ['octets that are no request', 'nonsense\r\n\r\n'],
    ['a CONNECT', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n'],
  ])('get their answer and no other when %s follow', async (_name, more) => {
    const slow = () => new Promise<void>(resolve => setTimeout(resolve, 100))
    const { port, seen } = await start({}, slow)
    const answer = await ask(port, [`${C_API}${more}`])
    expect(answer.match(/HTTP\/1\.1 [0-9]+/g)).toEqual(['HTTP/1.1 200'])
    expect(seen.map(({ frame }) => 'method' in frame && frame.method)).toEqual(['GET'])
  })

  it('are answered when the client has closed its side', async () => {
    const { port } = await start()
    const socket = await dial(port, { allowHalfOpen: true } as ConnectionOptions)
    const answer = readAll(socket)
    socket.end(XML)
    expect(await answer).toBe('<vomsans/>')
  })

  it('of an ordinary HTTP/1.1 client are answered', async () => {
    const { port } = await start()
    const status = await new Promise((resolve, reject) => {
      httpsRequest({ port, host: '127.0.0.1', path: '/generate-ac', rejectUnauthorized: false }, response => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(200)
  })

  it('with a body larger than any limit are answered without a reset', async () => {
    const { port } = await start()
    const head = 'POST /generate-ac HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n'
    const socket = await dial(port)
    const answer = readAll(socket)
    socket.write(head)
    socket.write('x'.repeat(1_000_000))
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK/)
  })

  it.each([
    ['CONNECT', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', /^HTTP\/1\.1 200/],
    ['Expect', 'GET / HTTP/1.1\r\nHost: h\r\nExpect: the-unexpected\r\n\r\n', /^HTTP\/1\.1 200/],
    [
      'Upgrade',
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      /^HTTP\/1\.1 200/,
    ],
    ['nonsense after the method', 'GET \x01\r\n\r\n', /^HTTP\/1\.1 400/],
    ['fields over the limit', `GET / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 413/],
  ])('%s: the answer is a document', async (_name, text, expected) => {
    const { port } = await start()
    const answer = await ask(port, [text])
    expect(answer).toMatch(expected)
    expect(answer).toMatch(/<voms\/>$/)
  })

  it('in legacy XML over the limit are refused', async () => {
    const { port } = await start()
    const answer = await ask(port, [`<voms><command>${'x'.repeat(20_000)}`])
    expect(answer).toBe('<vomsans>too-large</vomsans>')
  })
})

describe('time', () => {
  const soon = { ...LIMITS, handshakeSeconds: 0.2, requestSeconds: 0.2, connectionSeconds: 0.2 }

  it('ends a connection that never begins its handshake', async () => {
    const { port, ended, listener } = await start({ limits: soon })
    const socket = connectPlain(port, '127.0.0.1')
    sockets.push(socket)
    await expect.poll(() => listener.open()).toEqual({ handshaking: 1, established: 0 })
    expect(await readAll(socket)).toBe('')
    expect(ended).toEqual(['timed out'])
    await expect.poll(() => listener.open()).toEqual({ handshaking: 0, established: 0 })
  })

  it('ends a connection that asks nothing, silently', async () => {
    const { port } = await start({ limits: soon })
    expect(await ask(port, ['0'])).toBe('')
  })

  it.each([
    ['REST', 'GET /generate-ac HT', /^HTTP\/1\.1 408/],
    ['legacy', '<voms><command>', /^<vomsans>timeout/],
  ])('refuses a %s request that never ends', async (_name, text, expected) => {
    const { port } = await start({ limits: soon })
    expect(await ask(port, [text])).toMatch(expected)
  })

  it('cuts an answer that never comes', async () => {
    const { port } = await start({ limits: soon }, () => new Promise(() => {}))
    expect(await ask(port, [XML])).toBe('')
  })
})

/** The flood of these tests takes its time on a busy machine. */
const LIMITS_OF_A_MINUTE = { ...LIMITS, requestSeconds: 60, connectionSeconds: 60 }

describe('a client that goes on sending requests while one is served', () => {
  it.each([0, 5])(
    'fills no memory, and gets its answer (kept for %i s)',
    { timeout: 120_000 },
    async seconds => {
      setFlagsFromString('--expose-gc')
      const collect = runInNewContext('gc') as () => void
      const { promise: held, resolve: release } = Promise.withResolvers<void>()
      const { port } = await start({ keepAliveSeconds: seconds, limits: LIMITS_OF_A_MINUTE }, () => held)
      const socket = await dial(port)
      let text = ''
      socket.on('data', chunk => {
        text += chunk.toString()
      })
      const header = `\r\nX: ${'x'.repeat(2000)}\r\n`
      const hundred = Buffer.from(JAVA.replace('\r\n', header).repeat(100))
      const write = (octets: Buffer) => new Promise(resolve => socket.write(octets, resolve))
      await write(hundred)
      collect()
      const before = process.memoryUsage().heapUsed
      for (let n = 0; n < 200; n++) await write(hundred)
      // What the system still holds is on its way.
      await new Promise(resolve => setTimeout(resolve, 500))
      collect()
      // 20 000 requests, each with a header of 2 kB.
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6)
      release()
      await expect
        .poll(() => text.match(/HTTP\/1\.1 200 OK/g)?.length, { timeout: 30_000 })
        .toBe(seconds === 0 ? 1 : 9)
    },
  )
})

describe('kept connections', () => {
  it('serve one request after another where the VO keeps them', async () => {
    const { port, seen } = await start({ keepAliveSeconds: 5 })
    const socket = await dial(port)
    for (let i = 0; i < 3; i++) {
      const answer = new Promise<string>(resolve => socket.once('data', chunk => resolve(chunk.toString())))
      socket.write(JAVA)
      expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: keep-alive\r\n/)
    }
    expect(seen).toHaveLength(3)
  })

  it('stay open after requests that came together', async () => {
    const limits = { ...LIMITS, requestSeconds: 0.1 }
    const { port } = await start({ keepAliveSeconds: 0.4, limits })
    const socket = await dial(port)
    let answers = 0
    socket.on('data', chunk => {
      answers += chunk.toString().split('HTTP/1.1 200').length - 1
    })
    socket.write(JAVA + JAVA)
    await expect.poll(() => answers).toBe(2)
    for (let wanted = 3; wanted <= 6; wanted++) {
      await new Promise(resolve => setTimeout(resolve, 200))
      socket.write(JAVA)
      await expect.poll(() => answers).toBe(wanted)
    }
  })

  it('serve requests that came together one at a time, a few of them, and close', async () => {
    let [underWay, most] = [0, 0]
    const { port, seen } = await start({ keepAliveSeconds: 5 }, async () => {
      most = Math.max(most, ++underWay)
      await new Promise(resolve => setTimeout(resolve, 2))
      underWay--
    })
    const text = await ask(port, [JAVA.repeat(200)])
    const answers = text.match(/HTTP\/1\.1 200 OK/g)!
    expect(answers.length).toBeGreaterThan(1)
    expect(answers.length).toBeLessThan(20)
    expect(seen).toHaveLength(answers.length)
    expect(most).toBe(1)
    const fields = text.match(/Connection: [a-z-]+/g)!
    expect(fields.slice(0, -1).every(field => field === 'Connection: keep-alive')).toBe(true)
    expect(fields.at(-1)).toBe('Connection: close')
  })

  it.each([
    ['what is no request', '\x00\x01 nonsense\r\n\r\n'],
    ['a request for a tunnel', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['headers too long', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('answer what came before %s, and close', async (_name, after) => {
    const { port, seen } = await start(
      { keepAliveSeconds: 5 },
      () => new Promise(resolve => setTimeout(resolve, 100)),
    )
    const text = await ask(port, [JAVA + JAVA + after])
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
    expect(text.match(/Connection: [a-z-]+/g)).toEqual(['Connection: keep-alive', 'Connection: close'])
    expect(seen).toHaveLength(2)
  })

  it('serve no further request until the answer before it is on its way, and not for ever', async () => {
    const limits = { ...LIMITS, connectionSeconds: 1 }
    // Many times what the system takes of it in advance.
    const { port, seen, shed } = await start({ keepAliveSeconds: 60, limits, body: Buffer.alloc(4_000_000) })
    const socket = await dial(port)
    socket.on('error', () => {})
    for (let sent = 0; sent < 40; sent++) socket.write(JAVA)
    await expect.poll(() => shed, { timeout: 30_000 }).toEqual(['deadline'])
    expect(seen.length).toBeLessThan(20)
  })

  it('give the whole answer to a client that has closed its side', async () => {
    const body = Buffer.alloc(20_000_000)
    const { port } = await start({ keepAliveSeconds: 60, limits: LIMITS_OF_A_MINUTE, body })
    const socket = await dial(port, { allowHalfOpen: true } as ConnectionOptions)
    socket.end(JAVA)
    await new Promise(resolve => setTimeout(resolve, 200))
    expect((await readAll(socket)).length).toBeGreaterThan(body.length)
  })

  it('serve nothing more of what waits once their client is gone', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const { listener, port, seen } = await start({ keepAliveSeconds: 60 }, () => held)
    const socket = await dial(port)
    socket.write(JAVA.repeat(5))
    await expect.poll(() => seen.length).toBe(1)
    socket.destroy()
    await expect.poll(() => listener.open().established).toBe(0)
    const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = timers()
    release()
    await new Promise(resolve => setImmediate(resolve))
    expect(seen).toHaveLength(1)
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it('close after an HTTP/1.0 request all the same', async () => {
    const { port } = await start({ keepAliveSeconds: 5 })
    expect(await ask(port, [C_API])).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n/)
  })
})

describe('the client’s chain', () => {
  it('comes as it was sent, strangers included', async () => {
    const { port, seen } = await start()
    const sent = [proxy, stranger, user]
    await ask(port, [XML], { cert: sent.map(c => c.pem).join(''), key: privateKeyPem(proxy.key) })
    expect(seen[0]!.peer.sent.map(der => Buffer.from(der).toString('hex'))).toEqual(
      sent.map(c => Buffer.from(c.der).toString('hex')),
    )
    expect(chainOf(proxy, user)).toHaveLength(2)
  })

  it('is empty when nothing was sent', async () => {
    const { port, seen } = await start()
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    sockets.push(socket)
    const answer = readAll(socket)
    socket.write(XML)
    await answer
    expect(seen[0]!.peer.sent).toEqual([])
  })

  it('is kept to one more than the limit', async () => {
    const { port, seen } = await start({ maxSentCerts: 2 })
    await ask(port, [XML], {
      cert: [proxy, stranger, user, rsaHost].map(c => c.pem).join(''),
      key: privateKeyPem(proxy.key),
    })
    expect(seen[0]!.peer.sent).toHaveLength(3)
  })

  it('is asked for without naming any CA', async () => {
    const { port } = await start()
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2'], {
      stdio: 'pipe',
    })
    child.stdin.end()
    let out = ''
    for await (const chunk of child.stdout) out += chunk
    expect(out).toContain('No client certificate CA names sent')
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', version => {
  it('never resumes a session', async () => {
    const { port, seen } = await start()
    const options = { minVersion: version, maxVersion: version } as const
    let session: Buffer | undefined
    const first = await dial(port, options)
    first.on('session', offered => {
      session = offered
    })
    const answer = readAll(first)
    first.write(XML)
    await answer
    session ??= first.getSession()
    const second = await dial(port, { ...options, ...(session ? { session } : {}) })
    expect(second.isSessionReused()).toBe(false)
    const again = readAll(second)
    second.write(XML)
    await again
    expect(seen.map(s => [s.peer.sessionReused, s.peer.sent.length, s.peer.tlsVersion])).toEqual([
      [false, 1, version],
      [false, 1, version],
    ])
  })

  it('gives clients that can do ECDSA the ECDSA certificate of a dual server, others the RSA one', async () => {
    const { port } = await start({
      secureContext: tlsContext([credential(rsaHost), credential(ecHost)]),
    })
    const options = { minVersion: version, maxVersion: version } as const
    const able = await dial(port, options)
    expect(able.getPeerX509Certificate()!.publicKey.asymmetricKeyType).toBe('ec')
    const unable = await dial(port, {
      ...options,
      sigalgs: 'RSA-PSS+SHA256:RSA+SHA256',
      cert: undefined,
      key: undefined,
    })
    expect(unable.getPeerX509Certificate()!.publicKey.asymmetricKeyType).toBe('rsa')
  })
})

it('refuses TLS 1.1', async () => {
  const { port } = await start()
  await expect(
    dial(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  ).rejects.toThrow()
})

it('refuses renegotiation', async () => {
  const { port, seen } = await start()
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2'], { stdio: 'pipe' })
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  child.stdout.once('data', () => setTimeout(() => child.stdin.write('R\n'), 200))
  await new Promise(resolve => child.once('close', resolve))
  expect(said).toContain('no renegotiation')
  expect(seen).toEqual([])
})

it('uses new credentials for new connections', async () => {
  const { listener, port } = await start()
  const before = await dial(port)
  listener.change({ ...SETTINGS, secureContext: tlsContext([credential(ecHost)]) })
  const after = await dial(port)
  expect(before.getPeerX509Certificate()!.publicKey.asymmetricKeyType).toBe('rsa')
  expect(after.getPeerX509Certificate()!.publicKey.asymmetricKeyType).toBe('ec')
})

it('lets go of a client that leaves in the middle of its handshake', async () => {
  const { close, port } = await start()
  const leaving = connectPlain(port, '127.0.0.1')
  sockets.push(leaving)
  await new Promise(resolve => leaving.once('connect', resolve))
  const answer = readAll(leaving)
  leaving.end()
  expect(await answer).toBe('')
  await close(60_000)
})

describe('crowds', () => {
  it('of stalled handshakes lose their oldest to an honest client', async () => {
    const { port, shed } = await start({ limits: { ...LIMITS, maxHandshakes: 3 } })
    const stalled = Array.from({ length: 5 }, () => connectPlain(port, '127.0.0.1'))
    sockets.push(...stalled)
    await Promise.all(stalled.slice(0, 2).map(readAll))
    expect(await ask(port, [XML])).toBe('<vomsans/>')
    expect(shed.every(reason => reason === 'pending_tls')).toBe(true)
    expect(shed.length).toBeGreaterThanOrEqual(2)
  })

  it('from one address are turned away before TLS, others served', async () => {
    const { port, shed } = await start({ rates: { ...RATES, addressConnections: 2 } })
    const crowd = [0, 1].map(() => connectPlain(port, '127.0.0.1'))
    sockets.push(...crowd)
    await Promise.all(crowd.map(socket => once(socket, 'connect')))
    const third = connectPlain(port, '127.0.0.1')
    sockets.push(third)
    expect(await readAll(third)).toBe('')
    expect(shed).toEqual(['concurrency'])
    expect(await ask(port, [XML], { localAddress: '127.0.0.9' })).toBe('<vomsans/>')
    crowd[0]!.destroy()
    await until(() => ask(port, [XML]).catch(() => ''))
  })

  it('beyond a rate are turned away before TLS', async () => {
    const { port, shed } = await start({ rates: { ...RATES, addressConnectionsPerMinute: 2 } })
    for (let asked = 0; asked < 2; asked++) expect(await ask(port, [XML])).toBe('<vomsans/>')
    await expect(ask(port, [XML])).rejects.toThrow()
    expect(await ask(port, [XML], { localAddress: '127.0.0.9' })).toBe('<vomsans/>')
    expect(shed).toEqual(['rate'])
  })

  it('of one address beyond its own rate take nothing from the rate of all', async () => {
    const rates = { ...RATES, addressConnectionsPerMinute: 2, connectionsPerMinute: 4 }
    const { port, shed } = await start({ rates })
    for (let asked = 0; asked < 2; asked++) expect(await ask(port, [XML])).toBe('<vomsans/>')
    for (let asked = 0; asked < 5; asked++) await expect(ask(port, [XML])).rejects.toThrow()
    expect(await ask(port, [XML], { localAddress: '127.0.0.9' })).toBe('<vomsans/>')
    expect(shed).toEqual(Array(5).fill('rate'))
  })

  it('that stand still after their handshake make room as well', async () => {
    const { port, shed } = await start({ limits: { ...LIMITS, maxHandshakes: 3 } })
    const stalled = []
    for (let index = 0; index < 3; index++) stalled.push(await dial(port))
    const ends = stalled.map(socket => readAll(socket).catch(() => 'reset'))
    // Each that has moved since the last look is spared once; a second newcomer finds them still.
    const newcomers = [0, 1].map(() => ask(port, [XML]).catch(() => 'refused'))
    await Promise.race(ends)
    expect(await ask(port, [XML])).toBe('<vomsans/>')
    await Promise.all(newcomers)
    expect(shed).toContain('pending_tls')
  })

  it('leave file descriptors for everything else, and one stalled client makes room for an honest one', async () => {
    // Half of a small limit is for clients.
    const { port, shed } = await start({ fds: 8 })
    const stalled = Array.from({ length: 12 }, () => connectPlain(port, '127.0.0.1'))
    sockets.push(...stalled)
    await Promise.all(stalled.slice(0, 8).map(readAll))
    expect(shed).toEqual(Array(8).fill('fd'))
    expect(await ask(port, [XML])).toBe('<vomsans/>')
  })

  it('beyond the limit are turned away at once', async () => {
    const { port, shed } = await start({ limits: { ...LIMITS, maxConnections: 2 } })
    await Promise.all([dial(port), dial(port)])
    const third = connectPlain(port, '127.0.0.1')
    sockets.push(third)
    expect(await readAll(third)).toBe('')
    expect(shed).toEqual(['connections'])
  })
})

describe('in a crowd', () => {
  /** Every client is heard first; those that spoke are begun at once, or never. */
  const crowded = (begin = (waiter: Waiter) => waiter.begin()): Pace => ({
    lane: () => ({
      accepted: () => {},
      full: () => false,
      enter: waiter => waiter.hear(() => begin(waiter)),
      finished: () => {},
    }),
    close: () => {},
  })
  /** A first record of a handshake, and half of it. */
  const HELLO = Buffer.concat([Buffer.from('1603010064', 'hex'), Buffer.alloc(100)])

  function say(port: number, octets: Buffer = Buffer.alloc(0)): Socket {
    const socket = connectPlain(port, '127.0.0.1')
    sockets.push(socket)
    socket.write(octets)
    return socket
  }

  it('who speaks is served', async () => {
    const { port, seen } = await start({ pace: crowded() })
    expect(await ask(port, [XML])).toBe('<vomsans/>')
    expect(await ask(port, [XML], { maxVersion: 'TLSv1.2' })).toBe('<vomsans/>')
    expect(seen.map(({ peer }) => peer.tlsVersion)).toEqual(['TLSv1.3', 'TLSv1.2'])
  })

  it('a first record may come in pieces', async () => {
    const { port } = await start({ pace: crowded() })
    const raw = say(port)
    const slow = new Duplex({
      read() {},
      async write(chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.length; at += 97) {
          raw.write(chunk.subarray(at, at + 97))
          await new Promise(resolve => setTimeout(resolve, 1))
        }
        done()
      },
    })
    raw.on('data', chunk => slow.push(chunk))
    raw.once('close', () => slow.destroy())
    expect(await ask(port, [XML], { socket: slow })).toBe('<vomsans/>')
  })

  it('nothing is done for who says nothing, or half of it, until his time is over', async () => {
    const { port, ended, listener } = await start({
      pace: crowded(() => expect.unreachable()),
      limits: { ...LIMITS, handshakeSeconds: 0.3 },
    })
    const still = [say(port), say(port, HELLO.subarray(0, 60)), say(port, HELLO.subarray(0, 3))]
    await Promise.all(still.map(readAll))
    expect(ended).toEqual(Array(3).fill('timed out'))
    await until(async () => (listener.open().handshaking === 0 ? 'none' : ''))
  })

  it('who says nothing makes room for who speaks', async () => {
    const { port, shed } = await start({ pace: crowded(), limits: { ...LIMITS, maxConnections: 3 } })
    const still = [0, 1, 2].map(() => say(port))
    const ends = still.map(readAll)
    await Promise.all(still.map(socket => once(socket, 'connect')))
    expect(await ask(port, [XML])).toBe('<vomsans/>')
    expect(await Promise.race(ends)).toBe('')
    expect(shed).toEqual(['connections'])
  })

  it('who leaves is let go', async () => {
    const { port, listener } = await start({ pace: crowded(() => {}) })
    const leaving = [say(port), say(port, HELLO)]
    await until(async () => (listener.open().handshaking === 2 ? 'both' : ''))
    for (const socket of leaving) socket.end()
    await until(async () => (listener.open().handshaking === 0 ? 'none' : ''))
  })

  it('what is no TLS is refused at once', async () => {
    const { port, ended } = await start({ pace: crowded() })
    await readAll(say(port, Buffer.from('GET / HTTP/1.1\r\n\r\n')))
    await until(async () => ended[0] ?? '')
    expect(ended).toEqual(['failed'])
  })

  it('who goes on speaking before his turn is closed', async () => {
    const { port, listener } = await start({ pace: crowded(() => {}) })
    const chatty = say(port, HELLO)
    chatty.write(Buffer.alloc(40_000))
    await readAll(chatty).catch(() => 'reset')
    expect(listener.open().handshaking).toBe(0)
  })
})

describe('addresses', () => {
  it('of both families share one VO', async () => {
    const { ports } = await start({
      addresses: [
        { host: '127.0.0.1', port: 0 },
        { host: '::1', port: 0 },
      ],
    })
    expect(ports.map(port => port.address.host)).toEqual(['127.0.0.1', '::1'])
    const answer = await ask(ports[1]!.address.port, [XML], { host: '::1' })
    expect(answer).toBe('<vomsans/>')
  })

  it('in use reject', async () => {
    const { port } = await start()
    await expect(start({ addresses: [{ host: '127.0.0.1', port }] })).rejects.toThrow('EADDRINUSE')
  })

  it('keep connections that came before anybody served them', async () => {
    const { listener } = await start()
    const port = await openPort({ key: 'early', address: { host: '127.0.0.1', port: 0 }, backlog: 10 })
    open.push(port)
    const early = ask(port.address.port, [XML])
    await new Promise(resolve => setTimeout(resolve, 100))
    port.serve(listener.accept)
    expect(await early).toBe('<vomsans/>')
  })

  it('cut connections that nobody ever served', async () => {
    const port = await openPort({ key: 'never', address: { host: '127.0.0.1', port: 0 }, backlog: 10 })
    const early = connectPlain(port.address.port, '127.0.0.1')
    sockets.push(early)
    await new Promise(resolve => setTimeout(resolve, 100))
    await Promise.all([port.close(), readAll(early).catch(() => '')])
    expect(early.destroyed).toBe(true)
  })
})

describe('changed settings', () => {
  it('close kept connections that wait, and keep no other beyond its answer', async () => {
    let release: (() => void) | undefined
    const { listener, port } = await start({ keepAliveSeconds: 60 }, async () => {
      if (release !== undefined) await new Promise<void>(resolve => (release = resolve))
    })
    const waiting = await dial(port)
    waiting.write(JAVA)
    await new Promise(resolve => waiting.once('data', resolve))
    const gone = readAll(waiting)
    release = () => {}
    const busy = ask(port, [JAVA])
    await new Promise(resolve => setTimeout(resolve, 100))
    listener.change({ ...SETTINGS, keepAliveSeconds: 60 })
    expect(await gone).toBe('')
    release()
    expect(await busy).toMatch(/^HTTP\/1\.1 200/)
  })
})

it('lets a request under way finish when it closes, and accepts no more', async () => {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const { close, port } = await start({}, () => held)
  const answer = ask(port, [XML])
  await new Promise(resolve => setTimeout(resolve, 100))
  const closed = close(5000)
  await expect(dial(port)).rejects.toThrow()
  release()
  expect(await answer).toBe('<vomsans/>')
  await closed
})

describe('what is told of connections', () => {
  it.each([
    ['REST', JAVA],
    ['legacy', XML],
  ])('a handshake, then a written answer: %s', async (_name, request) => {
    const { port, ended } = await start()
    await ask(port, [request])
    expect(ended).toEqual(['done', 'written'])
  })
})
