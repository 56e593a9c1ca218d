import { Agent, request } from 'node:https'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { toHex } from '../../native-free/bytes/hex.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { privateKeyPem } from '../pki/keys.ts'
import type { DaemonProcess } from '../supervise/daemonProcess.ts'
import { bareSerial } from './bareSerial.ts'

/** An answer as far as it is looked at here. */
export interface KeptAnswer {
  readonly status: number
  readonly code: string | undefined
  readonly message: string | undefined
  readonly serial: string | undefined
}

/** A client whose connection is kept, so that it is always the same process that answers. */
export interface KeptClient {
  /** Rejects when the connection breaks. */
  ask(): Promise<KeptAnswer>
  close(): void
}

export function openKeptClient(port: number, user: Credential): KeptClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const identity = { cert: user.pem, key: privateKeyPem(user.key), rejectUnauthorized: false }
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const asking = request(
          { host: '127.0.0.1', port, path: '/generate-ac', agent, timeout: 30_000, ...identity },
          response => {
            let text = ''
            response.setEncoding('latin1')
            response.on('data', chunk => {
              text += chunk
            })
            response.on('error', reject)
            response.on('end', () => resolve(read(response.statusCode ?? 0, text)))
          },
        )
        asking.on('timeout', () => asking.destroy(new Error('nothing came for 30 s')))
        asking.on('error', reject)
        asking.end()
      }),
    close: () => agent.destroy(),
  }
}

function read(status: number, text: string): KeptAnswer {
  const one = (name: string) => new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(text)?.[1]
  const ac = one('ac')
  const serial =
    ac === undefined ? undefined : toHex(decodeAc(Uint8Array.from(Buffer.from(ac, 'base64'))).serial)
  return { status, code: one('code'), message: one('message'), serial }
}

/** One client for each of the processes that serve, which a member has to be for it. By the process's number. */
export async function openClientPerWorker(
  daemon: DaemonProcess,
  port: number,
  user: Credential,
): Promise<ReadonlyMap<number, KeptClient>> {
  const wanted = (await daemon.status()).workers.length
  const clients = new Map<number, KeptClient>()
  while (clients.size < wanted) {
    const client = openKeptClient(port, user)
    const worker = await workerOf(daemon, client)
    if (clients.has(worker)) client.close()
    else clients.set(worker, client)
  }
  return clients
}

/** Whose line has the serial that it got. */
async function workerOf(daemon: DaemonProcess, client: KeptClient): Promise<number> {
  const from = daemon.log.length
  const { serial, code } = await client.ask()
  if (serial === undefined) throw new Error(`no AC but ${code}`)
  for (;;) {
    const line = daemon.log.slice(from).find(one => bareSerial(one['serial']) === bareSerial(serial))
    if (line !== undefined) return Number(line['worker'])
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
