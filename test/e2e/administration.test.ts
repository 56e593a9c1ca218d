import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInProcess } from '../cli/runInProcess.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import { writeCertificateFile } from '../pki/credentialFiles.ts'
import { askRest, type Daemon, startDaemon, userNamed } from './daemon.ts'

const newcomer = userNamed('newcomer')

describe('commands beside a running daemon', () => {
  let daemon: Daemon
  let config: string
  beforeAll(async () => {
    daemon = await startDaemon()
    config = join(daemon.folder, 'vouchd.toml')
    writeFileSync(
      config,
      `[store]
folder = "database"
[audit]
folder = "audit"
[trust]
directory = "certificates"
vomsdir = "vomsdir"
[[vo]]
name = "vo.0"
listen = ["127.0.0.1:0"]
uri = "voms.example.org:15000"
hostCredentials = [ { certificate = "host.pem", key = "host.key" } ]
`,
    )
    writeCertificateFile(join(daemon.folder, 'newcomer.pem'), newcomer)
  })
  afterAll(() => daemon?.stop())

  async function did(...args: string[]): Promise<string> {
    const { code, out, err } = await runInProcess('--config', config, ...args)
    expect({ code, err }, args.join(' ')).toEqual({ code: 0, err: '' })
    return out
  }
  const ask = (query = '') => askRest(daemon.port(), [newcomer], query)
  // Its notification reaches the daemon at once; its poll each second is the promise. The rest is for busy machines.
  const soon = { timeout: 5_000, interval: 50 }

  it('make a stranger a member, and a member of more', async () => {
    expect(await ask()).toMatchObject({ status: 403, code: 'NoSuchUser' })
    await did('member', 'add', '--cert', join(daemon.folder, 'newcomer.pem'))
    await expect.poll(async () => (await ask()).status, soon).toBe(200)
    expect((await ask('?fqans=/vo.0/G1/Role=R1')).status).toBe(400)
    await did('member', 'join', '/C=IT/O=Test/CN=newcomer', '/vo.0/G1', '--role', 'R1')
    await expect.poll(async () => (await ask('?fqans=/vo.0/G1/Role=R1')).status, soon).toBe(200)
  })

  it('rename what he is issued, and what goes with it', async () => {
    await did('group', 'rename', '/vo.0/G1', '/vo.0/renamed')
    await did('attribute', 'set', 'quota', '30', '--group', '/vo.0/renamed', '--role', 'R1')
    const issued = async () => {
      const { ac } = await ask('?fqans=/vo.0/renamed/Role=R1')
      if (ac === undefined) return undefined
      const { fqans, attributes } = await readAcIndependently(ac)
      return { fqans, quota: attributes.find(one => one.qualifier === '/vo.0/renamed/Role=R1')?.value }
    }
    await expect.poll(issued, soon).toEqual({
      fqans: [
        '/vo.0/renamed/Role=R1/Capability=NULL',
        '/vo.0/Role=NULL/Capability=NULL',
        '/vo.0/renamed/Role=NULL/Capability=NULL',
      ],
      quota: '30',
    })
  })

  it('refuse him with the reason, and let him in again', async () => {
    await did('member', 'suspend', '/C=IT/O=Test/CN=newcomer', '--reason', 'ask the managers')
    await expect.poll(async () => (await ask()).code, soon).toBe('SuspendedUser')
    expect((await ask()).message).toContain('ask the managers')
    await did('member', 'restore', '/C=IT/O=Test/CN=newcomer')
    await expect.poll(async () => (await ask()).status, soon).toBe(200)
    await did('cert', 'suspend', '/C=IT/O=Test/CN=newcomer', '--reason', 'key lost')
    await expect.poll(async () => (await ask()).message, soon).toContain('key lost')
    await did('cert', 'restore', '/C=IT/O=Test/CN=newcomer')
    await expect.poll(async () => (await ask()).status, soon).toBe(200)
    await did('member', 'set', '/C=IT/O=Test/CN=newcomer', '--until', '2026-05-01')
    await did('vo', 'set', 'vo.0', '--enforce-end-dates', 'yes')
    await expect.poll(async () => (await ask()).message, soon).toContain('membership expired')
  })

  it('make him a stranger again', async () => {
    await did('member', 'remove', '/C=IT/O=Test/CN=newcomer', '--yes')
    await expect.poll(async () => (await ask()).code, soon).toBe('NoSuchUser')
    expect(await did('changes', '--member', '/C=IT/O=Test/CN=newcomer')).toContain('removed member')
  })

  it('change nothing in the daemon by a dry run', async () => {
    await did('member', 'add', '--cert', join(daemon.folder, 'newcomer.pem'), '--dry-run')
    await did('vo', 'remove', 'vo.0', '--dry-run')
    expect((await ask()).code).toBe('NoSuchUser')
    expect((await askRest(daemon.port(), [userNamed('test1')])).status).toBe(200)
  })
})
