import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBenchmark } from '../../bench/runBenchmark.ts'
import { MAX_LIFETIME_SECONDS } from '../interop/cases.ts'
import { interopSuite } from '../interop/demand.ts'
import { VO, writeWorldDump } from '../interop/dump.ts'
import { type MariaDb, startMariaDb } from '../interop/mariadb.ts'
import { type AcServer, startVomsd } from '../interop/vomsd.ts'
import { startVouchd } from '../interop/vouchd.ts'
import { createWorld, type World } from '../interop/world.ts'

const TIMEOUT = { timeout: 240_000 }
const PROGRAMS = ['openssl', 'voms', 'libvomsmysql.so', 'mariadbd', 'mariadb-install-db'] as const
const refused = (...args: string[]) => {
  const script = fileURLToPath(new URL('../../bench/load/compare.ts', import.meta.url))
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
}

interopSuite('compare holds servers against one another', PROGRAMS, () => {
  const running = {} as { world: World; database: MariaDb; peer: AcServer; ours: AcServer }
  beforeAll(async () => {
    running.world = await createWorld(VO)
    running.database = await startMariaDb(running.world.folder, await writeWorldDump(running.world))
    const settings = { vo: VO, maxLifetimeSeconds: MAX_LIFETIME_SECONDS }
    running.peer = await startVomsd(running.world, running.database, settings)
    running.ours = await startVouchd(running.world)
  }, 300_000)
  afterAll(async () => {
    await running.ours?.stop()
    await running.peer?.stop()
    await running.database?.stop()
    await running.world?.remove()
  })

  const few = ['--rounds', '2', '--count', '8', '--warmup', '2', '--connections', '2']

  it("the peer's and ours, over the legacy protocol, with their processor time", TIMEOUT, async () => {
    const { certificate, key } = running.world.users.test0
    const servers = [running.peer, running.ours].map(({ port }) => `127.0.0.1:${port}`)
    const args = [...servers, '--cert', certificate, '--key', key, '--vo', VO, ...few]
    const { rows } = await runBenchmark('load/compare.ts', args)
    expect(rows).toHaveLength(2)
    for (const [index, row] of (rows as Record<string, unknown>[]).entries()) {
      expect(row['server']).toBe(servers[index])
      expect(row['perSecond']).toBeGreaterThan(0)
      expect(row['microseconds']).toBeGreaterThan(0)
    }
  })

  it('a server that issues nothing ends it', TIMEOUT, () => {
    const { certificate, key } = running.world.users.test2
    const server = `127.0.0.1:${running.ours.port}`
    const { status, stderr } = refused(server, '--cert', certificate, '--key', key, '--vo', VO, ...few)
    expect(status).not.toBe(0)
    expect(stderr).toContain('a wrong answer')
  })
})

describe('compare refuses', () => {
  const file = fileURLToPath(import.meta.url)
  it.each([
    { args: [], says: 'name the servers' },
    { args: ['127.0.0.1:1'], says: '--cert and --vo are needed' },
    { args: ['127.0.0.1', '--cert', file, '--vo', 'a'], says: 'is not HOST:PORT' },
    { args: ['192.0.2.1:15000', '--cert', file, '--vo', 'a'], says: 'is not of this machine' },
    { args: ['127.0.0.1:1', '--cert', '/nowhere', '--vo', 'a'], says: '/nowhere is not there' },
    { args: ['127.0.0.1:1', '--cert', file, '--vo', 'a</command>'], says: 'is no name of a VO' },
  ])('$args', ({ args, says }) => {
    const { status, stderr } = refused(...args)
    expect(stderr).toContain(says)
    expect(status).toBe(2)
  })
})
