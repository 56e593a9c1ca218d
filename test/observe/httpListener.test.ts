import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage, request } from 'node:http'
import { get as getTls } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObserveConfig } from '../../src/config/types.ts'
import { type Answers, type HttpListener, openHttpListener } from '../../src/observe/httpListener.ts'
import { createCa } from '../pki/createCa.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import { issueEec } from '../pki/issueEec.ts'

const LONG = { from: '2020-01-01T00:00:00Z', until: '2040-01-01T00:00:00Z' }
const PLAIN: ObserveConfig = {
  listen: [{ host: '127.0.0.1', port: 0 }],
  credential: undefined,
  allow: undefined,
}
const hello: Answers = async path =>
  path === '/hello' ? { status: 200, type: 'text/plain', body: 'world' } : undefined

let open: HttpListener[]
let folder: string
beforeEach(() => {
  open = []
  folder = mkdtempSync(join(tmpdir(), 'vouchd-observe-'))
})
afterEach(async () => {
  for (const listener of open) await listener.close()
  rmSync(folder, { recursive: true })
})

async function start(
  config: Partial<ObserveConfig> = {},
  answers = hello,
  limits?: { maxInFlight: number; answerMs: number },
) {
  const listener = await openHttpListener({ ...PLAIN, ...config }, answers, limits)
  open.push(listener)
  const [address] = listener.addresses
  return { listener, port: address !== undefined && 'port' in address ? address.port : 0 }
}

async function read(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

function ask(
  options: object,
  client: typeof get = get,
): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    client({ host: '127.0.0.1', agent: false, ...options }, async response => {
      resolve({ status: response.statusCode!, text: await read(response), headers: response.headers })
    }).on('error', reject)
  })
}

describe('the listener of those who watch', () => {
  it('answers GET and nothing else', async () => {
    const { port } = await start()
    expect(await ask({ port, path: '/hello?x=1' })).toMatchObject({
      status: 200,
      text: 'world',
      headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    })
    expect(await ask({ port, path: '/' })).toMatchObject({ status: 404 })
    const post = await new Promise<IncomingMessage>(resolve =>
      request({ host: '127.0.0.1', port, path: '/hello', method: 'POST' }, resolve).end('x'),
    )
    expect(post.statusCode).toBe(405)
    post.destroy()
  })

  it('tells the length to HEAD without the body', async () => {
    const { port } = await start()
    const head = await ask({ port, path: '/hello', method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': '5' } })
  })

  it('tells the crowd to come again', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow: Answers = async () => {
      await promise
      return { status: 200, type: 'text/plain', body: 'late' }
    }
    const { port } = await start({}, slow, { maxInFlight: 2, answerMs: 10_000 })
    const first = [ask({ port, path: '/' }), ask({ port, path: '/' })]
    await expect.poll(async () => (await ask({ port, path: '/', timeout: 100 })).status).toBe(503)
    resolve()
    expect((await Promise.all(first)).map(({ text }) => text)).toEqual(['late', 'late'])
    expect((await ask({ port, path: '/' })).text).toBe('late')
  })

  it('gives up on an answer that does not come, and on one that fails', async () => {
    const answers: Answers = path =>
      path === '/never' ? new Promise(() => {}) : Promise.reject(new Error('secret'))
    const { port } = await start({}, answers, { maxInFlight: 1, answerMs: 50 })
    expect(await ask({ port, path: '/never' })).toMatchObject({ status: 503 })
    const failed = await ask({ port, path: '/' })
    expect(failed.status).toBe(503)
    expect(failed.text).not.toContain('secret')
  })

  it('survives what is no HTTP', async () => {
    const { port } = await start()
    await new Promise<void>(resolve => {
      const socket = connect(port, '127.0.0.1', () => socket.write('\x00\x01\x02 nonsense\r\n\r\n'))
      socket.on('close', () => resolve()).on('error', () => {})
      socket.resume()
    })
    expect((await ask({ port, path: '/hello' })).status).toBe(200)
  })

  it('answers the machine itself whatever the list', async () => {
    const { port } = await start({ allow: ['192.0.2.0/24'] })
    expect((await ask({ port, path: '/hello', localAddress: '127.0.0.9' })).status).toBe(200)
  })

  it('speaks HTTPS with a credential', async () => {
    const ca = createCa({ subject: '/CN=CA', ...LONG })
    const host = issueEec(ca, { subject: '/CN=localhost', altNames: [{ dns: 'localhost' }], ...LONG })
    const credential = { certificate: join(folder, 'c.pem'), key: join(folder, 'k.pem') }
    writeCertificateFile(credential.certificate, host)
    writeKeyFile(credential.key, host)
    const { port } = await start({ credential })
    expect(
      await ask({ port, path: '/hello', rejectUnauthorized: false }, getTls as typeof get),
    ).toMatchObject({
      text: 'world',
    })
    await expect(ask({ port, path: '/hello' })).rejects.toThrow()
  })

  it('listens on a Unix socket, also where a killed one left its file', async () => {
    const path = join(folder, 'observe.sock')
    await start({ listen: [{ path }] })
    expect((await ask({ socketPath: path, path: '/hello' })).text).toBe('world')
    await start({ listen: [{ path }] })
    expect((await ask({ socketPath: path, path: '/hello' })).text).toBe('world')
  })

  it('removes no file that is no socket', async () => {
    const path = join(folder, 'precious')
    writeFileSync(path, 'x')
    await expect(start({ listen: [{ path }] })).rejects.toThrow()
    expect(existsSync(path)).toBe(true)
  })

  it('opens all of its addresses or none', async () => {
    const { port } = await start()
    const path = join(folder, 'a.sock')
    await expect(start({ listen: [{ path }, { host: '127.0.0.1', port }] })).rejects.toThrow('EADDRINUSE')
    expect(existsSync(path)).toBe(false)
  })
})
