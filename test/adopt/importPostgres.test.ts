import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { writeVomsAdminDump } from '../../bench/adopt/writeVomsAdminDump.ts'
import { openDump } from '../../src/adopt/dumpSource.ts'
import { importSource } from '../../src/adopt/importSource.ts'
import { importVomsAdmin } from '../../src/adopt/importVomsAdmin.ts'
import type { RowSource } from '../../src/adopt/RowSource.ts'
import { VOMS_ADMIN } from '../../src/adopt/vomsAdmin.ts'
import { DatabaseError } from '../../src/store/DatabaseError.ts'
import type { Database, Queryable } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPostgres } from '../../src/store/postgres.ts'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'

const SMALL = fileURLToPath(new URL('../vectors/dumps/vomsAdmin3.sql', import.meta.url))
const clock = { now: () => 1767225600 }
const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined

describe.skipIf(skip !== undefined)(`import into a PostgreSQL server${skip ? ` (${skip})` : ''}`, () => {
  let cluster: PostgresCluster
  let db: Database
  beforeAll(async () => {
    cluster = await startPostgres()
    db = createPostgres(cluster.createDatabase(), { role: 'owner' })
    await migrate(db)
  })
  afterEach(() => db.query('delete from vouchd.vo'))
  afterAll(async () => {
    await db?.close()
    cluster?.dispose()
  })

  it('does what the embedded database does: dry run, import, again', async () => {
    const dry = await importVomsAdmin(SMALL, 'small', db, { clock, dryRun: true })
    expect(await db.query('select * from vouchd.vo')).toEqual([])
    const first = await importVomsAdmin(SMALL, 'small', db, { clock })
    expect(first).toEqual({ ...dry, dryRun: false })
    expect(first.counts).toMatchObject({
      members: 6,
      certificates: 6,
      groups: 6,
      roles: 1,
      holdings: 7,
      cas: 2,
    })
    expect(first.findings).toHaveLength(18)
    const again = await importVomsAdmin(SMALL, 'small', db, { clock })
    for (const change of Object.values(again.changes))
      expect(change).toEqual({ inserted: 0, updated: 0, deleted: 0 })
  })

  it('is left as it was when the server goes away in the middle, and the next run completes it', async () => {
    await importVomsAdmin(SMALL, 'small', db, { clock })
    const before = await db.query('select * from vouchd.holdings order by subject, issuer, fqgroup, role')
    const source = await openDump(SMALL)
    const stopping: RowSource = {
      ...source,
      tables: source.tables,
      async *rows() {
        for await (const batch of source.rows()) {
          yield batch.filter(({ table }) => table.name !== 'm')
          cluster.stop()
        }
      },
    }
    await expect(importSource(stopping, VOMS_ADMIN, 'small', db, { clock })).rejects.toBeInstanceOf(
      DatabaseError,
    )
    cluster.start()
    expect(await db.query('select * from vouchd.holdings order by subject, issuer, fqgroup, role')).toEqual(
      before,
    )
    expect((await importVomsAdmin(SMALL, 'small', db, { clock })).counts.holdings).toBe(7)
  })

  it('reads no table again for every row, whatever the server last knew of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchd-blocks-'))
    try {
      const dump = join(folder, 'dump.sql')
      await writeVomsAdminDump(dump, 2000)
      const import_ = async () => {
        let blocks = 0
        await importVomsAdmin(dump, 'scale', db, {
          clock,
          andThen: async (tx: Queryable) => {
            const [row] = await tx.query<{ blocks: string }>(
              `select pg_stat_get_xact_blocks_fetched('vouchd.holding'::regclass) as blocks`,
            )
            blocks = Number(row!.blocks)
          },
        })
        return blocks
      }
      const first = await import_()
      await db.query('delete from vouchd.vo')
      // Empty, and known to be so: as autovacuum leaves it after a dry run.
      await db.query('vacuum analyze vouchd.holding')
      expect(await import_()).toBeLessThan(2 * first)
      // What reads the tables next is planned by what stands in them now.
      const [known] = await db.query(`select reltuples from pg_class where oid = 'vouchd.holding'::regclass`)
      expect(known).toEqual({ reltuples: 4400 })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
