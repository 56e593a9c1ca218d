import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInProcess } from '../cli/runInProcess.ts'
import { makeSite, type Site } from '../cli/siteFolder.ts'
import { findPostgres, startPostgres } from '../store/postgresCluster.ts'
import { drillRestore } from './drillRestore.ts'

const PASSED = {
  issued: { before: 20, meanwhile: 40, after: 20 },
  duplicates: [],
  missing: [],
  whole: [true, true],
  sameMembers: true,
}
const DRILL_MS = 600_000

describe('the restore drill', () => {
  it('passes with an embedded database', { timeout: DRILL_MS }, async () => {
    expect(await drillRestore()).toMatchObject(PASSED)
  })

  const postgres = findPostgres()
  const skip = 'skip' in postgres ? ` (${postgres.skip})` : ''
  it.skipIf(skip !== '')(`passes with a PostgreSQL server${skip}`, { timeout: DRILL_MS }, async () => {
    const cluster = await startPostgres()
    try {
      expect(await drillRestore(cluster)).toMatchObject(PASSED)
    } finally {
      cluster.dispose()
    }
  })
})

describe('backup and restore', () => {
  let site: Site
  beforeAll(() => {
    site = makeSite()
  })
  afterAll(() => site.remove())
  const run = (...args: string[]) => runInProcess('--config', site.config, ...args)

  it('work without a daemon, and replace nothing', { timeout: 300_000 }, async () => {
    expect(await run('migrate')).toMatchObject({ code: 0 })
    expect(await run('vo', 'add', 'vo.0')).toMatchObject({ code: 0 })
    expect(await run('backup', site.path('copy'))).toMatchObject({ code: 0 })
    const taken = await run('restore', site.path('copy'))
    expect(taken.code).toBe(4)
    expect(taken.err).toContain('there is a database in')
    site.configure('[store]\nfolder = "other"')
    expect(await run('restore', site.path('copy'))).toMatchObject({ code: 0 })
    expect((await run('vo', 'list')).out).toContain('vo.0')
  })

  it('refuse what is no copy, and leave nothing behind', { timeout: 300_000 }, async () => {
    site.configure('[store]\nfolder = "third"')
    const nothing = await run('backup', site.path('nothing'))
    expect([nothing.code, existsSync(site.path('nothing')), existsSync(site.path('third/pgdata'))]).toEqual([
      ...[1, false, false],
    ])
    expect(nothing.err).toContain('there is no database in')
    expect(await run('restore', site.path('absent'))).toMatchObject({ code: 1 })
    writeFileSync(site.path('noise'), 'no archive at all')
    const { code, err } = await run('restore', site.path('noise'))
    expect(code).toBe(4)
    expect(err).toContain('no copy that vouchd backup made')
    // An attempt that was killed: what it left is no database.
    mkdirSync(site.path('third/pgdata.new'))
    writeFileSync(site.path('third/pgdata.new/PG_VERSION'), '17')
    expect(await run('restore', site.path('copy'))).toMatchObject({ code: 0 })
    expect((await run('vo', 'list')).out).toContain('vo.0')
    expect(readdirSync(site.path('third'))).not.toContain('pgdata.new')
  })

  it('name the program of a server', async () => {
    site.configure('[store]\nkind = "postgres"\nhost = "127.0.0.1"\nport = 1\ntls = "off"\n')
    const { code, err } = await run('backup', site.path('copy'))
    expect(code).toBe(2)
    expect(err).toContain('pg_dump')
  })
})
