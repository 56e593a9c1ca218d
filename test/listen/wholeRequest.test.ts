import { once } from 'node:events'
import { createServer } from 'node:http'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wholeRequest } from '../../src/listen/wholeRequest.ts'

const read = (text: string) => wholeRequest(Buffer.from(text, 'latin1'))

describe('requests as clients send them', () => {
  it.each([
    [
      'of the C API, with bare line feeds',
      'GET /generate-ac?fqans=/vo&lifetime=3600 HTTP/1.0\nUser-Agent: voms APIs 2.0\nAccept: */*\nHost: h:15000\n\n',
      '/generate-ac?fqans=/vo&lifetime=3600',
      false,
    ],
    [
      'of Java',
      'GET /generate-ac?fqans=/vo&targets=a, HTTP/1.1\r\nUser-Agent: Java/17\r\nAccept: text/html, */*; q=0.2\r\nConnection: keep-alive\r\n\r\n',
      '/generate-ac?fqans=/vo&targets=a,',
      true,
    ],
    [
      'of ARC',
      'GET /generate-ac?lifetime=3600 HTTP/1.1\r\nConnection: keep-alive\r\nhost: h\r\nuser-agent: ARC\r\n\r\n',
      '/generate-ac?lifetime=3600',
      true,
    ],
    ['that close', 'GET / HTTP/1.1\r\nCONNECTION:Close\r\n\r\n', '/', false],
    ['of HTTP/1.0 that would go on', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', '/', false],
  ])('%s', (_, text, target, persistent) => {
    expect(read(text)).toEqual({ frame: { protocol: 'rest', method: 'GET', target }, persistent })
  })
})

describe('left to the parser', () => {
  it.each([
    ['nothing', ''],
    ['what is not whole', 'GET / HTTP/1.1\r\nHost: h\r\n'],
    ['what has something behind it', 'GET / HTTP/1.1\r\nA: b\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n'],
    ['what has no headers', 'GET / HTTP/1.1\r\n\r\n'],
    ['another method', 'POST / HTTP/1.1\r\nA: b\r\n\r\n'],
    ['another version', 'GET / HTTP/2.0\r\nA: b\r\n\r\n'],
    ['no version', 'GET /\r\nA: b\r\n\r\n'],
    ['two blanks', 'GET  / HTTP/1.1\r\nA: b\r\n\r\n'],
    ['octets beyond ASCII in the target', 'GET /\xe9 HTTP/1.1\r\nA: b\r\n\r\n'],
    ['a blank before a colon', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    ['a carriage return in a value', 'GET / HTTP/1.1\r\nA: b\rc\r\n\r\n'],
    ['a body', 'GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
    ['chunks', 'GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['an expectation', 'GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n'],
    ['another protocol', 'GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n'],
    ['a list of options', 'GET / HTTP/1.1\r\nConnection: keep-alive, upgrade\r\n\r\n'],
    ['an unknown option', 'GET / HTTP/1.1\r\nConnection: x\r\n\r\n'],
    ['options twice', 'GET / HTTP/1.1\r\nConnection: close\r\nConnection: close\r\n\r\n'],
  ])('%s', (_, text) => {
    expect(read(text)).toBeUndefined()
  })
})

/** One end of a connection, as node:http takes it; what is written to it is let go. */
class End extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

/** What node:http makes of the octets: every request in them, or the error. */
async function parsed(octets: Buffer): Promise<object[]> {
  const seen: object[] = []
  const server = createServer({ insecureHTTPParser: true, requireHostHeader: false })
  server.on('request', ({ method, url: target, headers }, response) => {
    const body = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    seen.push({ method, target, body, persistent: response.shouldKeepAlive })
  })
  server.on('clientError', error => seen.push(error))
  const socket = new End()
  server.emit('connection', socket)
  socket.push(octets)
  socket.push(null)
  await once(socket, 'end').catch(() => {})
  socket.destroy()
  return seen
}

it('node:http reads the same', async () => {
  // Plain parts come often enough that many requests are plain as a whole.
  const mostly = <T>(plain: T, ...others: T[]) =>
    fc.oneof(
      { weight: 12, arbitrary: fc.constant(plain) },
      { weight: 1, arbitrary: fc.constantFrom(...others) },
    )
  const field = fc.constantFrom(
    ...['Host: h', 'Host:', 'A:\tb ', 'a-b: c: d', 'Connection: close', 'connection:keep-alive '],
    ...['Connection: keep-alive, x', 'Content-Length: 0', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
    ...['X: \xff', 'X y: z', ': z', ' folded'],
  )
  const line = fc.tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('Host: h', 'Accept: */*') },
      { weight: 2, arbitrary: field },
    ),
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom('\r\n', '\n') },
      { weight: 1, arbitrary: fc.constantFrom('\r', '\r\r\n', '\n\n') },
    ),
  )
  const request = fc
    .tuple(
      mostly('GET', 'get', 'POST', 'GE'),
      mostly(' ', '  ', '\t'),
      mostly(
        '/generate-ac?fqans=/vo',
        '/',
        '*',
        'http://h/x',
        '/a b',
        '/\x01',
        '/%0d%0a',
        '/a#x?y',
        '#x',
        '',
      ),
      mostly(' HTTP/1.1', ' HTTP/1.0', ' HTTP/1.2', ' http/1.1', ''),
      mostly('\r\n', '\n', '\r\n\n'),
      fc.array(line, { maxLength: 3 }),
      mostly('\r\n', '\n', '\r\n\r\n', 'x\n'),
    )
    .map(([method, blank, target, version, end, lines, last]) =>
      Buffer.from(`${method}${blank}${target}${version}${end}${lines.flat().join('')}${last}`, 'latin1'),
    )
  let read = 0
  await fc.assert(
    fc.asyncProperty(request, async octets => {
      const whole = wholeRequest(octets)
      if (whole === undefined) return
      read++
      const { method, target } = whole.frame
      const persistent = whole.persistent || expect.any(Boolean)
      expect(await parsed(octets)).toEqual([{ method, target, body: false, persistent }])
    }),
    { numRuns: 3000, seed: 7 },
  )
  expect(read).toBeGreaterThan(100)
})

it('takes no time to speak of over hostile text', () => {
  const most = 16_384
  for (const part of ['a:', 'a:\n', 'connection:\n', 'connection: close\r\n', '\r\n', 'GET ', '!', 'a']) {
    const text = `GET / HTTP/1.1\n${part.repeat(most / part.length)}`
    const since = process.cpuUsage()
    for (const end of ['', '\n', '\n\n', '\r\n\r\n']) read(text + end)
    const { user, system } = process.cpuUsage(since)
    // Quadratic time over this much would be seconds.
    expect(user + system, JSON.stringify(part)).toBeLessThan(500_000)
  }
})
