import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPostgres, type PostgresCluster, startPostgres } from '../store/postgresCluster.ts'
import { runInProcess } from './runInProcess.ts'
import { makeSite, type Site } from './siteFolder.ts'

const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined

describe.skipIf(skip !== undefined)(
  `administration over a PostgreSQL server${skip === undefined ? '' : ` (${skip})`}`,
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
`)
      await did('migrate')
    })
    afterAll(() => {
      cluster?.dispose()
      site?.remove()
    })

    async function did(...args: string[]): Promise<string> {
      const { code, out, err } = await runInProcess('--config', site.config, ...args)
      expect({ code, err }, args.join(' ')).toEqual({ code: 0, err: '' })
      return out
    }

    it('changes as the owner, whatever the daemon may do', async () => {
      await did('vo', 'add', 'vo.0')
      await did('group', 'add', '/vo.0/a')
      await did('role', 'add', 'r')
      await did('attribute', 'class', 'add', 'nickname')
      const group = '/vo.0/a/Role=r'
      await did('member', 'add', '--dn', '/CN=a', '--issuer', '/CN=CA', '--group', group)
      await did('attribute', 'set', 'nickname', 'a', '--member', '1')
      expect(await did('changes', '--member', '1', '--limit', '1')).toContain(
        'added member attribute nickname',
      )
    })

    it.each([
      [['vo', 'list']],
      [['vo', 'show', 'vo.0']],
      [['group', 'list']],
      [['group', 'show', '/vo.0/a']],
      [['role', 'list']],
      [['cert', 'list', '/CN=a']],
      [['attribute', 'list', '--member', '1']],
      [['attribute', 'class', 'list']],
      [['member', 'show', '1']],
    ])('%j needs only what the daemon may read', async command => {
      expect(await did(...command)).toMatch(/vo\.0|\/CN=a/)
    })
  },
)
