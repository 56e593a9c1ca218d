import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createSecureContext, createServer } from 'node:tls'
import { expect, it } from 'vitest'
import { askOnce } from '../../bench/load/askOnce.ts'
import { host } from '../e2e/daemon.ts'
import { privateKeyPem } from '../pki/keys.ts'

it('a server that drips has an end', { timeout: 60_000 }, async () => {
  const server = createServer({ cert: host.pem, key: privateKeyPem(host.key) }, socket => {
    const drip = setInterval(() => socket.write('a'), 20)
    socket.on('error', () => {}).once('close', () => clearInterval(drip))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const ask = { port, secureContext: createSecureContext(), request: 'GET', expect: 'a' }
    await expect(askOnce({ ...ask, mostMs: 1500 })).rejects.toThrow('no whole answer within 1.5 s')
  } finally {
    server.close()
  }
})
