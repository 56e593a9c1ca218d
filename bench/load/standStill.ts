// Clients that stand still, each at the same stage of its connection. A process of its own with the parameters below
// as its argument; it is told what to do by messages, and answers each when it is done.
import { connect, type Socket } from 'node:net'
import { connect as secure } from 'node:tls'
import type { PemPaths } from './benchWorld.ts'
import { secureContextOf } from './secureContextOf.ts'
import type { Stage } from './startCrowd.ts'

export interface StandStillParameters {
  readonly port: number
  readonly credential: PemPaths
  /** What those send who have their answer wait. */
  readonly request: string
  readonly count: number
  /** How many are on their way to where they stand still at the same time. */
  readonly atOnce: number
  /** The first octet that differs between the addresses of several such processes. */
  readonly network: number
}

export type Order =
  /** All of them come; done when they stand still, or were closed. */
  | { readonly order: 'come'; readonly stage: Stage }
  /** Those that came last are reset. */
  | { readonly order: 'reset' }
  /** All that are left go. */
  | { readonly order: 'go' }

const SOURCES = 200

const p = JSON.parse(process.argv[2] ?? '{}') as StandStillParameters
const secureContext = secureContextOf(p.credential)
const crowds: Socket[][] = []

process.on('message', async (message: Order) => {
  if (message.order === 'come') crowds.push(await come(message.stage))
  else if (message.order === 'reset') for (const socket of crowds.at(-1) ?? []) socket.resetAndDestroy()
  else for (const socket of crowds.flat()) socket.destroy()
  process.send!('done')
})
process.once('disconnect', () => process.exit())

async function come(stage: Stage): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < p.count) {
    const some = Array.from({ length: Math.min(p.atOnce, p.count - sockets.length) }, (_, index) =>
      open(stage, sockets.length + index),
    )
    sockets.push(...some.map(([socket]) => socket))
    await Promise.all(some.map(([, there]) => there))
  }
  return sockets
}

/** The socket, and when it has come to where it stands still. */
function open(stage: Stage, index: number): [Socket, Promise<unknown>] {
  const raw = connect({
    host: '127.0.0.1',
    port: p.port,
    localAddress: `127.${p.network}.${index % SOURCES}.1`,
  })
  raw.on('error', () => {})
  raw.once('end', () => raw.destroy())
  const closed = new Promise(resolve => raw.once('close', resolve))
  const there = new Promise<void>(resolve => {
    raw.once('connect', () => {
      if (stage === 'silent') return resolve()
      if (stage === 'partial') return raw.write(Buffer.from('16030100c8010000c40303', 'hex'), () => resolve())
      const socket = secure({
        socket: raw,
        secureContext,
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
      })
      socket.on('error', () => raw.destroy())
      socket.once('close', () => raw.destroy())
      socket.once('secureConnect', () => {
        if (stage === 'unread') {
          socket.pause()
          socket.write(p.request)
        }
        resolve()
      })
    })
  })
  return [raw, Promise.race([there, closed])]
}
