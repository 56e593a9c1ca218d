import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'
import { runInProcess } from './runInProcess.ts'
import { makeSite, type Site } from './siteFolder.ts'

const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined

describe.skipIf(skip !== undefined)(
  `over a PostgreSQL server${skip === undefined ? '' : ` (${skip})`}`,
  () => {
    let cluster: PostgresCluster
    let site: Site

    beforeAll(async () => {
      cluster = await startPostgres()
      site = makeSite()
      const config = cluster.createDatabase()
      cluster.psql(config.database, `create role reader login password 'reads'`)
      writeFileSync(site.path('reader.password'), 'reads\n', { mode: 0o400 })
      site.configure(`[store]
kind = "postgres"
host = "${config.host}"
port = ${config.port}
database = "${config.database}"
tls = "off"
user = "reader"
passwordFile = "reader.password"
ownerUser = "${config.user}"
${config.passwordFile === undefined ? '' : `ownerPasswordFile = "${config.passwordFile}"`}
`)
    })
    afterAll(() => {
      cluster?.dispose()
      site?.remove()
    })
    const run = (...args: string[]) => runInProcess('--config', site.config, ...args)

    it('check names the missing schema and how to make it', async () => {
      const { code, out } = await run('check')
      expect(code).toBe(1)
      expect(out).toContain(
        'ERROR   store the database holds no vouchd schema\n          -> run vouchd --config ' +
          site.config +
          ' migrate\n',
      )
    })

    it('migrate works as the owner and lets the other role read', async () => {
      const { code, out } = await run('migrate')
      expect(out).toMatch(
        /^applied 0001_directory\n(applied .*\n)*the schema is at version \d+\nrole reader may read it\n$/,
      )
      expect(code).toBe(0)
      expect(await run('member', 'list')).toEqual({ code: 0, out: 'no members\n', err: '' })
      const { out: checked } = await run('check')
      expect(checked).toMatch(/^database +ok, with warnings /m)
      expect(checked).toContain('warning vo[0].name vo.0 is not in the database: all its users are unknown\n')
    })

    it('check tells of a role that may not connect', async () => {
      cluster.psql('postgres', 'alter role reader nologin')
      const { code, out } = await run('check')
      expect(code).toBe(1)
      expect(out).toMatch(/ERROR {3}store .*\n {10}-> check store.user \(reader\) and its passwordFile/)
    })
  },
)
