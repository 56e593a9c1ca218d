import { spawnSync } from 'node:child_process'
import { chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { createPostgres, type PostgresConfig } from '../../src/store/postgres.ts'
import { findPostgres, type PostgresCluster, startPostgres } from './postgresCluster.ts'

const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined

describe.skipIf(skip !== undefined)(`connections to PostgreSQL (skipped: ${skip})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-pgconn-'))
  const file = (name: string) => join(folder, name)
  let cluster: PostgresCluster
  let config: PostgresConfig
  const open: Database[] = []

  beforeAll(async () => {
    for (const name of ['server', 'stranger']) {
      const made = spawnSync('openssl', [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
        ...['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)],
      ])
      expect(made.status, String(made.stderr)).toBe(0)
    }
    cluster = await startPostgres({ max_connections: '12' })
    for (const name of ['server.key', 'server.crt']) {
      const path = join(cluster.data, name)
      copyFileSync(file(name), path)
      if (cluster.owner !== undefined) chownSync(path, cluster.owner.uid, cluster.owner.gid)
    }
    cluster.psql('postgres', `create role guarded login password 'first'; create role plain login`)
    // Password over TLS for one role, TLS demanded by none, trust for the others.
    writeFileSync(
      join(cluster.data, 'pg_hba.conf'),
      'host all guarded all scram-sha-256\nlocal all all trust\nhost all all all trust\n',
    )
    cluster.psql('postgres', `alter system set ssl = on; select pg_reload_conf()`)
    config = cluster.createDatabase({ host: '127.0.0.1' })
  })
  afterEach(async () => {
    for (const db of open.splice(0)) await db.close()
  })
  afterAll(() => {
    cluster?.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  function connect(over: Partial<PostgresConfig>, role: 'reader' | 'owner' = 'reader'): Database {
    const db = createPostgres({ ...config, ...over }, { role })
    open.push(db)
    return db
  }
  const usesTls = async (db: Database) => {
    const [row] = await db.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    return row?.['ssl']
  }

  it('are encrypted to the server whose certificate the CA file vouches for', async () => {
    await expect
      .poll(() => usesTls(connect({ tls: 'verify-full', caFile: file('server.crt') })).catch(String))
      .toBe(true)
    expect(await usesTls(connect({ tls: 'off' }))).toBe(false)
  })

  it('are refused to a server that another CA would have to vouch for', async () => {
    const db = connect({ tls: 'verify-full', caFile: file('stranger.crt') })
    await expect(db.query('select 1')).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await usesTls(connect({ tls: 'require', caFile: file('stranger.crt') }))).toBe(true)
  })

  it('are refused to a server without TLS where TLS is demanded', async () => {
    cluster.psql('postgres', 'alter system set ssl = off; select pg_reload_conf()')
    try {
      await expect
        .poll(() =>
          connect({ tls: 'require' })
            .query('select 1')
            .then(
              () => 'open',
              ({ kind }) => kind,
            ),
        )
        .toBe('unavailable')
    } finally {
      cluster.psql('postgres', 'alter system set ssl = on; select pg_reload_conf()')
    }
  })

  it('read the password anew each time they are made', async () => {
    const passwordFile = file('password')
    writeFileSync(passwordFile, 'wrong\n')
    const db = connect({ user: 'guarded', passwordFile })
    await expect(db.query('select 1')).rejects.toMatchObject({ kind: 'unavailable', sqlState: '28P01' })
    writeFileSync(passwordFile, 'first\n')
    expect(await db.query('select current_user as who')).toEqual([{ who: 'guarded' }])
    rmSync(passwordFile)
    const other = connect({ user: 'guarded', passwordFile })
    await expect(other.query('select 1')).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('use the owner only for what needs it', async () => {
    const over = { user: 'plain', owner: { user: 'super', passwordFile: undefined } }
    const who = 'select current_user as who'
    expect(await connect(over).query(who)).toEqual([{ who: 'plain' }])
    expect(await connect(over, 'owner').query(who)).toEqual([{ who: 'super' }])
  })

  it('bound every statement, and survive it', async () => {
    const db = connect({ poolSize: 1, queryTimeoutSeconds: 1 })
    const pid = () => db.query('select pg_backend_pid() as pid')
    const before = await pid()
    await expect(db.query('select pg_sleep(30)')).rejects.toMatchObject({
      kind: 'unavailable',
      sqlState: '57014',
    })
    expect(await pid()).toEqual(before)
  })

  it('do not carry a transaction that a statement left open to the next one', async () => {
    const db = connect({ poolSize: 1 })
    await expect(db.query('begin; select 1/0')).rejects.toMatchObject({ kind: 'statement' })
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }])
  })

  it('are replaced when the server ends them', async () => {
    const db = connect({ poolSize: 1 })
    const [row] = await db.query<{ pid: number }>('select pg_backend_pid() as pid')
    cluster.psql('postgres', `select pg_terminate_backend(${row?.pid})`)
    await expect.poll(() => db.query('select 1 as one').catch(String)).toEqual([{ one: 1 }])
    await expect(
      db.transaction(async tx => {
        const [own] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
        cluster.psql('postgres', `select pg_terminate_backend(${own?.pid})`)
        await tx.query('select 1')
      }),
    ).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }])
  })

  it('say so when the server has none to spare', async () => {
    const greedy = connect({ user: 'plain', poolSize: 20 })
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => greedy.query('select pg_sleep(0.3)')),
    )
    const refused = all.flatMap(one => (one.status === 'rejected' ? [one.reason.kind] : []))
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused)).toEqual(new Set(['unavailable']))
    expect(await greedy.query('select 1 as one')).toEqual([{ one: 1 }])
  })
})
