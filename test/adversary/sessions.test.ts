import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ca, type Daemon, LONG, NOW, startDaemon, userNamed } from '../e2e/daemon.ts'
import { createCrl } from '../pki/createCrl.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { privateKeyPem } from '../pki/keys.ts'
import { writeCrl } from '../pki/trustDirectory.ts'
import { lastReason } from './openCourt.ts'

const member = userNamed('test0')
const stranger = userNamed('stranger')
const REQUEST = 'GET /generate-ac HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'

let daemon: Daemon
beforeAll(async () => {
  daemon = await startDaemon()
})
afterAll(() => daemon?.stop())

interface Talk {
  readonly text: string
  readonly session: Buffer | undefined
  readonly reused: boolean
}

/** Asks over a session of this version, offering a saved one, and keeps what is offered for later. */
async function ask(version: SecureVersion, chain: readonly Credential[], session?: Buffer): Promise<Talk> {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: daemon.port(),
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ...(session === undefined ? {} : { session }),
    ...(chain[0] && { cert: chain.map(({ pem }) => pem).join(''), key: privateKeyPem(chain[0].key) }),
  })
  let text = ''
  let offered: Buffer | undefined
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  socket.on('session', one => {
    offered = one
  })
  await once(socket, 'secureConnect')
  const reused = socket.isSessionReused()
  offered ??= socket.getSession()
  socket.write(REQUEST)
  await once(socket, 'close')
  return { text, session: offered, reused }
}

const verdict = ({ text }: Talk) =>
  /<code>(\w+)/.exec(text)?.[1] ?? (text.includes('<ac>') ? 'ac' : 'nothing')

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: a saved session', version => {
  it('of a member makes none of a stranger, nor of one without a certificate', async () => {
    const first = await ask(version, [member])
    expect(verdict(first)).toBe('ac')
    for (const chain of [[stranger], [issueProxy(stranger, LONG), stranger], []]) {
      const second = await ask(version, chain, first.session)
      expect(second.reused).toBe(false)
      expect(verdict(second)).not.toBe('ac')
    }
  })

  it('is never resumed by its owner either, so that every handshake shows the chain', async () => {
    const first = await ask(version, [issueProxy(member, LONG), member])
    const second = await ask(version, [issueProxy(member, LONG), member], first.session)
    expect([verdict(first), verdict(second)]).toEqual(['ac', 'ac'])
    expect(second.reused).toBe(false)
  })
})

/** What openssl s_client says of itself, after these lines. */
async function sClient(options: readonly string[], lines: readonly string[]): Promise<string> {
  const [cert, key] = [join(daemon.folder, 'client.pem'), join(daemon.folder, 'client.key')]
  writeFileSync(cert, member.pem)
  writeFileSync(key, privateKeyPem(member.key))
  const client = spawn(
    'openssl',
    ['s_client', '-connect', `127.0.0.1:${daemon.port()}`, '-cert', cert, '-key', key, ...options],
    { stdio: 'pipe' },
  )
  let said = ''
  for (const stream of [client.stdout, client.stderr]) {
    stream.on('data', chunk => {
      said += chunk
    })
  }
  client.stdin.on('error', () => {})
  client.stdout.once('data', async () => {
    for (const line of lines) {
      client.stdin.write(line)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    client.stdin.end()
  })
  await once(client, 'close')
  return said
}

describe('a client that', () => {
  it('renegotiates gets no AC, before its request or within it', async () => {
    expect(await sClient(['-tls1_2'], ['R\n'])).not.toContain('<ac>')
    expect(
      await sClient(['-tls1_2'], ['GET /generate-ac HTTP/1.0\r\n', 'R\n', 'Host: h\r\n\r\n']),
    ).not.toContain('<ac>')
  })

  it('connects again and again is never resumed', async () => {
    const said = await sClient(['-tls1_2', '-reconnect'], [])
    expect(said).toContain('New, TLSv1.2')
    expect(said).not.toContain('Reused')
  })

  it('sends early data is not heard early', async () => {
    const session = join(daemon.folder, 'session')
    const early = join(daemon.folder, 'early')
    writeFileSync(early, REQUEST)
    await sClient(['-tls1_3', '-sess_out', session], [REQUEST])
    const said = await sClient(['-tls1_3', '-sess_in', session, '-early_data', early], []).catch(() => '')
    expect(said).not.toContain('Early data was accepted')
    expect(said).not.toContain('<ac>')
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: after a revocation', version => {
  it('a saved session opens no door', async () => {
    const user = userNamed('test1')
    const first = await ask(version, [user])
    expect(verdict(first)).toBe('ac')
    const crl = createCrl(ca, {
      thisUpdate: NOW - 10,
      nextUpdate: NOW + 86_400,
      number: version === 'TLSv1.2' ? 1 : 3,
      revoked: [user],
    })
    writeCrl(join(daemon.folder, 'certificates'), ca, crl.der)
    await daemon.server.reloadTrust()
    const second = await ask(version, [user], first.session)
    expect([second.reused, verdict(second), lastReason(daemon)]).toEqual([false, 'InternalError', 'REVOKED'])
    expect(verdict(await ask(version, [member]))).toBe('ac')
  })
})
