import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseError, toDatabaseError } from './DatabaseError.ts'
import { type Answer, type Ask, createFrameReader, DUMP_PART_BYTES, encodeFrame } from './frames.ts'
import { socketPath } from './socketPath.ts'
import type { TextDatabase, TextQueryable, TextResult } from './textDatabase.ts'

export interface OwnerOptions {
  /** PGlite itself broke: nothing it says from here on can be relied on. */
  readonly onBroken: (error: DatabaseError) => void
  /** Milliseconds that a transaction may wait for its next statement; everyone else waits meanwhile. */
  readonly idleTransactionMs: number
}

const MAX_CONNECTIONS = 64
// More questions than this on one connection wait in the socket. The database answers one at a time anyway.
const MAX_IN_FLIGHT = 64

/**
 * Serves the embedded database to the other processes of this user, over a socket in its folder (0600).
 * The caller holds the folder's lock, so that a socket found there is a dead one.
 */
export async function serveOwner(
  db: TextDatabase,
  folder: string,
  options: OwnerOptions,
): Promise<{ close(): Promise<void> }> {
  rmSync(join(folder, 'owner.sock'), { force: true })
  const at = socketPath(folder)
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveConnection(socket, db, options)
  })
  server.maxConnections = MAX_CONNECTIONS
  await once(server.listen(at.path), 'listening')
  chmodSync(at.path, 0o600)
  return {
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
      at.release()
    },
  }
}

function serveConnection(socket: Socket, db: TextDatabase, options: OwnerOptions): void {
  const stops = new Map<string, () => Promise<void>>()
  let transaction: OpenTransaction | undefined
  /** Of the whole database, while it is fetched. */
  let copy: Buffer | undefined
  let inFlight = 0

  function send(answer: Answer) {
    if (socket.writable) socket.write(encodeFrame(answer))
  }

  function fail(id: number, thrown: unknown) {
    const error = toDatabaseError(thrown)
    const { kind, message, sqlState, constraint } = error
    send({ id, error: { kind, message, sqlState, constraint } })
    // Every error of PostgreSQL's own has a state. Without one it is the machine below that failed, unless it
    // is being closed.
    const broken = kind === 'unavailable' && sqlState === undefined && error.cause !== undefined
    if (broken && !socket.destroyed) options.onBroken(error)
  }

  async function dumpPart(offset: number): Promise<TextResult> {
    if (offset === 0) copy = Buffer.from(await db.dump())
    if (copy === undefined) throw new DatabaseError('unavailable', 'the copy was cut short: make it anew')
    const part = copy.subarray(offset, offset + DUMP_PART_BYTES)
    if (part.length < DUMP_PART_BYTES) copy = undefined
    return { names: ['dump'], oids: [0], rows: [[part.toString('base64')]] }
  }

  async function run(ask: Ask): Promise<Answer> {
    const { id } = ask
    switch (ask.op) {
      case 'query':
        return { id, result: await (transaction ?? db).query(ask.sql, ask.parameters) }
      case 'begin':
        if (transaction !== undefined) throw new DatabaseError('statement', 'a transaction is open already')
        transaction = await openTransaction(db, options.idleTransactionMs)
        if (socket.destroyed) await transaction.end('rollback')
        return { id, result: undefined }
      case 'commit':
      case 'rollback':
        if (transaction === undefined) throw new DatabaseError('statement', 'no transaction is open')
        await transaction.end(ask.op)
        return { id, result: undefined }
      case 'dump':
        return { id, result: await dumpPart(ask.offset) }
      case 'listen':
        if (stops.has(ask.channel)) return { id, result: undefined }
        stops.set(
          ask.channel,
          await db.listen(ask.channel, payload => send({ channel: ask.channel, payload })),
        )
        return { id, result: undefined }
      case 'unlisten':
        await stops.get(ask.channel)?.()
        stops.delete(ask.channel)
        return { id, result: undefined }
      default:
        throw new DatabaseError('statement', 'the daemon that owns the database does not know this question')
    }
  }

  const read = createFrameReader<Ask>(ask => {
    inFlight++
    if (inFlight >= MAX_IN_FLIGHT) socket.pause()
    run(ask)
      .then(send)
      .catch(thrown => fail(ask.id, thrown))
      .finally(() => {
        inFlight--
        if (inFlight < MAX_IN_FLIGHT) socket.resume()
      })
  })
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk)
    } catch {
      socket.destroy()
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    transaction?.end('rollback').catch(() => {})
    for (const stop of stops.values()) stop().catch(() => {})
  })
}

interface OpenTransaction extends TextQueryable {
  end(how: 'commit' | 'rollback'): Promise<void>
}

/** A transaction whose statements come one by one; rolled back when none comes for too long. */
function openTransaction(db: TextDatabase, idleMs: number): Promise<OpenTransaction> {
  const { promise: ended, resolve: end } = Promise.withResolvers<'commit' | 'rollback'>()
  const { promise: opened, resolve: open, reject } = Promise.withResolvers<OpenTransaction>()
  let finished = false
  const done = db
    .transaction(async tx => {
      let idle = setTimeout(end, idleMs, 'rollback')
      open({
        async query(sql, parameters) {
          if (finished)
            throw new DatabaseError('unavailable', 'the transaction waited too long and was undone')
          clearTimeout(idle)
          try {
            return await tx.query(sql, parameters)
          } finally {
            idle = setTimeout(end, idleMs, 'rollback')
          }
        },
        async end(how) {
          if (finished && how === 'commit') {
            throw new DatabaseError('unavailable', 'the transaction waited too long and was undone')
          }
          end(how)
          await done
        },
      })
      const how = await ended
      finished = true
      clearTimeout(idle)
      if (how === 'rollback') throw ROLLBACK
    })
    .catch(thrown => {
      if (thrown !== ROLLBACK) throw thrown
    })
  // Before it is open a failure belongs to whoever opens it, afterwards to whoever ends it.
  done.catch(reject)
  return opened
}

const ROLLBACK = Symbol('rollback')
