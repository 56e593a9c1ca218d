import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Order, StandStillParameters } from './standStill.ts'

/** Where a client stands still: no octet, half a first record, no request after the handshake, an unread answer. */
export const STAGES = ['silent', 'partial', 'unasked', 'unread'] as const
export type Stage = (typeof STAGES)[number]

type CrowdParameters = Omit<StandStillParameters, 'network'>

/** Clients that stand still, in processes of their own. */
export interface Crowd {
  readonly processes: number
  /** All of them come; resolves when they stand still, or were closed. */
  come(stage: Stage): Promise<void>
  /** Resets those that came last, all at once. */
  reset(): Promise<void>
  /** All that are left go. */
  go(): Promise<void>
  stop(): Promise<void>
}

/** Those of two crowds are held at a time, and what a process has open besides. */
const CROWDS = 2
const BESIDES = 200
/** One process of more sockets is itself what is slow. */
const MOST_EACH = 4_000
const FIRST_NETWORK = 2
/** Far more than the largest crowd takes to come. */
const ORDER_MS = 600_000

/** As many processes as the limit of file descriptors asks for, which is each process's own. */
export async function startCrowd({ count, atOnce, ...rest }: CrowdParameters): Promise<Crowd> {
  const most = Math.min(MOST_EACH, Math.floor((descriptorLimit() - BESIDES) / CROWDS))
  if (most < 1) throw new Error(`too few file descriptors: raise their limit, as with "ulimit -n 4096"`)
  const processes = Math.ceil(count / most)
  const share = (whole: number, index: number) =>
    Math.floor((whole * (index + 1)) / processes) - Math.floor((whole * index) / processes)
  const children = Array.from({ length: processes }, (_, index) => {
    const parameters: StandStillParameters = {
      ...rest,
      count: share(count, index),
      atOnce: Math.max(1, share(atOnce, index)),
      network: FIRST_NETWORK + index,
    }
    return fork(fileURLToPath(new URL('./standStill.ts', import.meta.url)), [JSON.stringify(parameters)])
  })
  async function tell(order: Order): Promise<void> {
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ORDER_MS)])
    try {
      await Promise.all(
        children.map(child => {
          const done = Promise.race([
            once(child, 'message', { signal }),
            once(child, 'exit', { signal }).then(ended),
          ])
          child.send(order)
          return done
        }),
      )
    } finally {
      over.abort()
    }
  }
  return {
    processes,
    come: stage => tell({ order: 'come', stage }),
    reset: () => tell({ order: 'reset' }),
    go: () => tell({ order: 'go' }),
    async stop() {
      await Promise.all(
        children
          .filter(child => child.connected)
          .map(child => {
            const gone = once(child, 'exit')
            child.disconnect()
            return gone
          }),
      )
    },
  }
}

function ended(): never {
  throw new Error('a process of clients that stand still has ended')
}

/** Of this process, and of those that it starts. */
function descriptorLimit(): number {
  const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}
