import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CachedDirectory, createDirectory } from '../../src/resolve/directory.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPostgres, type PostgresConfig } from '../../src/store/postgres.ts'
import { type FaultProxy, openFaultProxy } from '../fakes/faultProxy.ts'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'
import { fillSampleVo } from '../store/sampleVo.ts'
import { DIRECTORY_CONFIG } from './directoryConfig.ts'
import { holderNames } from './holderNames.ts'

const DEADLINE_MS = 400
/**
 * Far beyond the deadline and far below what the store's own time-outs come to, which are of a minute each here:
 * whichever of them ruled instead would be seen on any machine.
 */
const WIDE_MS = 20_000
const STORE_SECONDS = 60
const POOL = 2
/** Some are asked on a connection that is there, some open one, the others wait for either. */
const ASKED = 6

const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined

describe.skipIf(skip !== undefined)(`members who are not cached (skipped: ${skip})`, () => {
  let cluster: PostgresCluster
  let server: PostgresConfig
  let owner: Database
  let proxy: FaultProxy
  beforeAll(async () => {
    cluster = await startPostgres()
    server = cluster.createDatabase({
      host: '127.0.0.1',
      poolSize: POOL,
      connectTimeoutSeconds: STORE_SECONDS,
      queryTimeoutSeconds: STORE_SECONDS,
    })
    proxy = await openFaultProxy({ host: '127.0.0.1', port: server.port })
  })
  beforeEach(async () => {
    owner = createPostgres(server, { role: 'owner' })
    const [row] = await owner.query<{ there: boolean }>(
      `select to_regclass('vouchd.vo') is not null as there`,
    )
    if (row?.there === true) return
    await migrate(owner)
    await fillSampleVo(owner)
  })

  const open: { close(): Promise<void> }[] = []
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close()
    await owner.close()
  })
  afterAll(async () => {
    await proxy?.close()
    cluster?.dispose()
  })

  async function directoryOn(port: number) {
    const db = createPostgres({ ...server, port }, { role: 'reader' })
    open.push(db)
    const seconds: number[] = []
    const directory = createDirectory(
      DIRECTORY_CONFIG,
      {
        db,
        clock: { now: () => 1_800_000_000 },
        monotonic: () => performance.now(),
        onEvent(event) {
          if (event.kind === 'asked' && event.query === 'lookup' && !event.ok) seconds.push(event.seconds)
        },
      },
      // It learns of the fault from those who ask, not from a poll before them.
      { pollMs: 3_600_000, lookupMs: DEADLINE_MS, freshMs: 3_600_000, unknownMs: 5_000 },
    )
    open.push(directory)
    await expect.poll(() => directory.ready()).toBe(true)
    return { db, directory, seconds }
  }

  const look = (directory: CachedDirectory, cn: string) =>
    directory.lookup('vo.0', holderNames(`/C=IT/O=Test/CN=${cn}`, '/C=IT/O=Test/CN=CA'), false).then(
      ({ kind }) => kind,
      ({ code }) => code,
    )

  /** Nobody can read the members until it is given back. */
  async function lockMembers(): Promise<() => Promise<void>> {
    const locked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const held = owner
      .transaction(async tx => {
        await tx.query('lock table vouchd.member in access exclusive mode')
        locked.resolve()
        await release.promise
      })
      .catch(() => {})
    await locked.promise
    return async () => {
      release.resolve()
      await held
    }
  }

  function onTheWay(fault: Parameters<FaultProxy['set']>[0]): () => Promise<void> {
    proxy.set(fault)
    return async () => proxy.set(undefined)
  }

  interface Way {
    readonly name: string
    readonly port: () => number
    /** Begins it, and gives how it ends. */
    begin(): Promise<() => Promise<void>>
    /** Once they are asked. */
    whileAsked?(db: Database): Promise<void>
  }

  const WAYS: readonly Way[] = [
    {
      name: 'is stopped with its connections open',
      port: () => server.port,
      async begin() {
        cluster.signal('SIGSTOP')
        return async () => cluster.signal('SIGCONT')
      },
    },
    {
      name: 'is killed while it is asked',
      port: () => server.port,
      async begin() {
        const unlock = await lockMembers()
        return async () => {
          await unlock()
          cluster.start()
        }
      },
      async whileAsked(db) {
        await expect.poll(() => db.pool?.().inUse).toBe(POOL)
        cluster.stop()
      },
    },
    {
      name: 'refuses connections',
      port: () => server.port,
      async begin() {
        cluster.stop()
        return async () => cluster.start()
      },
    },
    { name: 'cannot be reached', port: () => proxy.port, begin: async () => onTheWay('blackHole') },
    { name: 'resets in the middle', port: () => proxy.port, begin: async () => onTheWay('reset') },
    { name: 'closes what connects', port: () => proxy.port, begin: async () => onTheWay('cut') },
    { name: 'is far away', port: () => proxy.port, begin: async () => onTheWay('slow') },
    { name: 'is held up by a lock', port: () => server.port, begin: lockMembers },
  ]

  it.each(WAYS)(
    'are answered by the deadline when the database $name',
    {
      timeout: 60_000,
    },
    async ({ port, begin, whileAsked }) => {
      const { db, directory, seconds } = await directoryOn(port())
      expect(await look(directory, 'test0')).toBe('member')
      const end = await begin()
      try {
        const began = performance.now()
        const asked = Array.from({ length: ASKED }, (_, number) => look(directory, `stranger ${number}`))
        await whileAsked?.(db)
        expect(await Promise.all(asked)).toEqual(Array(ASKED).fill('database'))
        expect(performance.now() - began).toBeLessThan(WIDE_MS)
        expect(seconds).toHaveLength(ASKED)
        // Whoever is cached is served all the while.
        expect(await look(directory, 'test0')).toBe('member')
        expect(directory.away()).toBe(true)
        // From now on nobody waits.
        const before = seconds.length
        expect(await look(directory, 'one more')).toBe('database')
        expect(seconds).toHaveLength(before)
      } finally {
        await end()
      }
      await expect
        .poll(
          () => {
            directory.refresh()
            return look(directory, 'test1')
          },
          { timeout: WIDE_MS },
        )
        .toBe('member')
    },
  )

  it('leave nothing behind at a database that still works for them', async () => {
    const { db, directory } = await directoryOn(server.port)
    const unlock = await lockMembers()
    try {
      await Promise.all(Array.from({ length: ASKED }, (_, number) => look(directory, `late ${number}`)))
      // Their time-outs are a minute away.
      await expect.poll(() => db.pool?.(), { timeout: WIDE_MS }).toMatchObject({ inUse: 0, waiting: 0 })
    } finally {
      await unlock()
    }
  })
})
