import { connect, type Socket } from 'node:net'
import { DatabaseError } from './DatabaseError.ts'
import {
  type Answer,
  type Ask,
  createFrameReader,
  DUMP_PART_BYTES,
  encodeFrame,
  type WireError,
} from './frames.ts'
import { socketPath } from './socketPath.ts'
import type { TextDatabase, TextQueryable, TextResult } from './textDatabase.ts'

export interface OwnerClientOptions {
  /** Milliseconds that an answer may take; undefined: as long as it takes. */
  readonly queryTimeoutMs?: number
}

const LISTEN_RETRY_MS = 500

/** Omit over each member of the union. */
type Question = Ask extends infer Each ? (Each extends Ask ? Omit<Each, 'id'> : never) : never

/**
 * The embedded database as another process's owner serves it from its folder. Throws DatabaseError
 * 'unavailable' when none answers there. Connects again whenever it is asked after a loss; a question that
 * was under way then fails.
 */
export async function connectOwner(folder: string, options: OwnerClientOptions = {}): Promise<TextDatabase> {
  const listeners = new Map<string, Set<(payload: string) => void>>()
  let closed = false
  let shared: Promise<Connection> | undefined
  let retry: NodeJS.Timeout | undefined

  function share(): Promise<Connection> {
    if (closed) return Promise.reject(new DatabaseError('unavailable', 'the database was closed'))
    if (shared === undefined) {
      const opening: Promise<Connection> = openConnection(folder, options, deliver, () => {
        if (shared === opening) shared = undefined
        listenAgain()
      })
      shared = opening
      opening.catch(() => {
        if (shared === opening) shared = undefined
      })
    }
    return shared
  }

  function deliver(channel: string, payload: string) {
    for (const onNotify of listeners.get(channel) ?? []) onNotify(payload)
  }

  function listenAgain() {
    if (closed || listeners.size === 0 || retry !== undefined) return
    retry = setTimeout(async () => {
      retry = undefined
      try {
        const connection = await share()
        for (const channel of listeners.keys()) {
          await connection.ask({ op: 'listen', channel })
          deliver(channel, '')
        }
      } catch {
        listenAgain()
      }
    }, LISTEN_RETRY_MS)
    retry.unref()
  }

  // The kernel still accepts for a process that is just being killed: only an answer shows that one serves.
  await (await share()).query('select 1', undefined)
  return {
    query: async (sql, parameters) => (await share()).query(sql, parameters),
    transaction: work => runTransaction(folder, options, work),
    async listen(channel, onNotify) {
      const ofChannel = listeners.get(channel) ?? new Set()
      listeners.set(channel, ofChannel.add(onNotify))
      await share()
        .then(connection => connection.ask({ op: 'listen', channel }))
        .catch(listenAgain)
      return async () => {
        ofChannel.delete(onNotify)
        if (ofChannel.size > 0 || !listeners.delete(channel)) return
        await shared?.then(connection => connection.ask({ op: 'unlisten', channel })).catch(() => {})
      }
    },
    async dump() {
      const connection = await share()
      const parts: Buffer[] = []
      for (let offset = 0; ; offset += DUMP_PART_BYTES) {
        const result = await connection.ask({ op: 'dump', offset })
        const part = Buffer.from(result?.rows[0]?.[0] ?? '', 'base64')
        parts.push(part)
        if (part.length < DUMP_PART_BYTES) return new Uint8Array(Buffer.concat(parts))
      }
    },
    async close() {
      closed = true
      clearTimeout(retry)
      const connection = await shared?.catch(() => undefined)
      connection?.close()
    },
  }
}

/** On a connection of its own: when this process dies, its end undoes the transaction. */
async function runTransaction<T>(
  folder: string,
  options: OwnerClientOptions,
  work: (tx: TextQueryable) => Promise<T>,
): Promise<T> {
  const connection = await openConnection(folder, options)
  try {
    await connection.ask({ op: 'begin' })
    let result: T
    try {
      result = await work(connection)
    } catch (thrown) {
      await connection.ask({ op: 'rollback' }).catch(() => {})
      throw thrown
    }
    await connection.ask({ op: 'commit' })
    return result
  } finally {
    connection.close()
  }
}

interface Connection extends TextQueryable {
  ask(question: Question): Promise<TextResult | undefined>
  close(): void
}

interface Waiting {
  resolve(result: TextResult | undefined): void
  reject(error: DatabaseError): void
}

async function openConnection(
  folder: string,
  { queryTimeoutMs }: OwnerClientOptions,
  deliver: (channel: string, payload: string) => void = () => {},
  onLost: () => void = () => {},
): Promise<Connection> {
  const socket = await openSocket(folder)
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  const read = createFrameReader<Answer>(answer => {
    if ('channel' in answer) return deliver(answer.channel, answer.payload)
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) asked?.reject(fromWire(answer.error))
    else asked?.resolve(answer.result)
  })
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk)
    } catch (cause) {
      socket.destroy(cause as Error)
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    const gone = new DatabaseError('unavailable', 'the process that owns the embedded database went away')
    for (const { reject } of waiting.values()) reject(gone)
    waiting.clear()
    onLost()
  })

  async function ask(question: Question): Promise<TextResult | undefined> {
    if (!socket.writable) throw new DatabaseError('unavailable', 'the embedded database was closed')
    const id = ++lastId
    const frame = encodeFrame({ id, ...question })
    const { promise, resolve, reject } = Promise.withResolvers<TextResult | undefined>()
    waiting.set(id, { resolve, reject })
    socket.write(frame)
    if (queryTimeoutMs === undefined) return promise
    const timer = setTimeout(() => {
      waiting.delete(id)
      reject(new DatabaseError('unavailable', `no answer within ${queryTimeoutMs} ms`))
    }, queryTimeoutMs)
    return promise.finally(() => clearTimeout(timer))
  }

  return {
    ask,
    query: async (sql, parameters) =>
      (await ask({ op: 'query', sql, parameters })) ?? { names: [], oids: [], rows: [] },
    close: () => socket.destroy(),
  }
}

function openSocket(folder: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  try {
    const at = socketPath(folder)
    const socket = connect(at.path)
    socket.once('connect', () => {
      at.release()
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', cause => {
      at.release()
      reject(
        new DatabaseError('unavailable', `no process serves the embedded database in ${folder}`, { cause }),
      )
    })
  } catch (cause) {
    reject(new DatabaseError('unavailable', `there is no embedded database in ${folder}`, { cause }))
  }
  return promise
}

function fromWire({ kind, message, sqlState, constraint }: WireError): DatabaseError {
  return new DatabaseError(kind, message, { sqlState, constraint })
}
