import { sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { acTemplate } from '../../native-free/ac/acTemplate.ts'
import { assemble } from '../../native-free/ac/assemble.ts'
import { encodeTbs } from '../../native-free/ac/encodeTbs.ts'
import type { AcContent } from '../../native-free/ac/types.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { type ClientTrust, loadClientTrust } from '../../src/client/clientTrust.ts'
import { tlsIdentity, type UserCredential, userCredential } from '../../src/client/UserCredential.ts'
import { issueHost } from '../cli/siteFolder.ts'
import { createCa } from '../pki/createCa.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueEec } from '../pki/issueEec.ts'
import { privateKeyPem, storedRsaKey, type TestKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'

export const NOW = Date.UTC(2026, 5, 1, 12) / 1000
export const clock = { now: () => NOW }
export const LONG = { from: '2020-01-01T00:00:00Z', until: '2040-01-01T00:00:00Z' }

const CA_DN = '/C=IT/O=Test/CN=CA'
export const ca = createCa({ subject: CA_DN, ...LONG })
export const strangeCa = createCa({ subject: '/C=IT/O=Test/CN=Strange CA', ...LONG })
/** Signs ACs of vo.0, whatever its servers are called. */
export const acIssuer = issueHost(ca, storedRsaKey(2048), {
  subject: '/C=IT/O=Test/CN=voms.example.org',
  ...LONG,
})
const localNames = [{ dns: 'localhost' }, { ip: [127, 0, 0, 1] }]
export const host = issueEec(ca, { subject: '/C=IT/O=Test/CN=localhost', altNames: localNames, ...LONG })
export const user = issueEec(ca, { subject: '/C=IT/O=Test/CN=test0', ...LONG })

/** A credential of the kit as the client has it. */
export function asUser(...chain: readonly [Credential, ...Credential[]]): UserCredential {
  const certificates = chain.map(({ der }) => parseCertificate(der))
  return userCredential(certificates, chain[0].key.privateKey, 'the kit')
}

export const identity = tlsIdentity(asUser(user))

/** A trust directory with the one CA, in a folder of its own. */
export async function makeTrust(): Promise<{ folder: string; trust: ClientTrust; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-client-'))
  const certificates = join(folder, 'certificates')
  writeTrustDirectory(certificates, [{ ca, signingPolicy: signingPolicyText(CA_DN, ['/C=IT/O=Test/*']) }])
  const trust = await loadClientTrust(certificates, clock)
  return { folder, trust, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface TestServer {
  readonly host: string
  readonly port: number
  /** Connections so far. */
  connections(): number
  stop(): Promise<void>
}

/** A TLS server that does whatever the test wants with each connection, counted from 0. */
export function startTls(
  serve: (socket: TLSSocket, number: number) => void,
  credential: Credential = host,
): Promise<TestServer> {
  let count = 0
  const server = createServer({
    cert: credential.pem,
    key: privateKeyPem(credential.key),
    requestCert: true,
    rejectUnauthorized: false,
  })
  server.on('secureConnection', socket => {
    socket.on('error', () => {})
    serve(socket, count)
    count += 1
  })
  server.on('tlsClientError', () => {})
  return listen(server, () => count)
}

/** A TCP server without TLS. */
export function startTcp(serve: (socket: Socket) => void): Promise<TestServer> {
  let count = 0
  const server = createTcpServer(socket => {
    count += 1
    socket.on('error', () => {})
    serve(socket)
  })
  return listen(server, () => count)
}

function listen(server: ReturnType<typeof createTcpServer>, connections: () => number): Promise<TestServer> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({
        host: '127.0.0.1',
        port: typeof address === 'object' && address !== null ? address.port : 0,
        connections,
        stop: () =>
          new Promise<void>(stopped => {
            for (const socket of sockets) socket.destroy()
            server.close(() => stopped())
          }),
      })
    })
  })
}

/** An HTTP answer with a body. */
export function http(body: string, status = '200 OK', more = ''): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/xml\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}

/** An AC of vo.0 for somebody; any field may be another. */
export function makeAc(
  change: Partial<AcContent> = {},
  template: Partial<{ vo: string; uri: string; issuer: Credential; signer: TestKey }> = {},
): Uint8Array {
  const { vo = 'vo.0', uri = 'voms.example.org:15000', issuer = acIssuer } = template
  const made = acTemplate({ vo, uri, issuerCertificates: [issuer.der], digest: 'sha256' })
  const tbs = encodeTbs(made, {
    holderName: user.subject,
    holderSerial: user.serial,
    serial: new Uint8Array(16).fill(7),
    notBefore: NOW,
    notAfter: NOW + 3600,
    fqans: [`/${vo}/Role=NULL/Capability=NULL`],
    attributes: [],
    targets: [],
    ...change,
  })
  return assemble(tbs, made.algorithm, sign('sha256', tbs, (template.signer ?? issuer.key).privateKey))
}
