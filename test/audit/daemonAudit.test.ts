import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { publicKeyPath, readPublicKeys } from '../../src/audit/headKey.ts'
import { type Issuance, searchAudit } from '../../src/audit/searchAudit.ts'
import { verifyAudit } from '../../src/audit/verifyAudit.ts'
import { askLegacy, askRest, type Daemon, NOW, startDaemon, userNamed } from '../e2e/daemon.ts'

describe('the audit of a daemon', () => {
  let daemon: Daemon
  beforeAll(async () => {
    daemon = await startDaemon()
  })
  afterAll(() => daemon?.stop())

  const folder = () => join(daemon.folder, 'audit')
  async function search(dn: string): Promise<Issuance[]> {
    const found: Issuance[] = []
    for await (const issuance of searchAudit(folder(), { dn }, () => {})) found.push(issuance)
    return found
  }
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

  it('knows every AC, to whom it went and which octets it has', async () => {
    const { ac } = await askRest(daemon.port(), [userNamed('test0')], '?fqans=/vo.0/G1/Role=R1&lifetime=3600')
    const der = ac!.slice()
    await expect.poll(async () => (await search('/C=IT/O=Test/CN=test0')).at(0)?.outcome).toBe('issued')
    const [issuance, ...more] = await search('/C=IT/O=Test/CN=test0')
    expect(more).toEqual([])
    const line = daemon.log.find(({ outcome }) => outcome === 'issued')!
    expect(issuance).toMatchObject({
      time: NOW,
      id: line['id'],
      serial: line['serial'],
      vo: 'vo.0',
      holder: '/C=IT/O=Test/CN=test0',
      issuer: '/C=IT/O=Test/CN=CA',
      fqans: decodeAc(der).fqans,
      notBefore: NOW,
      notAfter: NOW + 3600,
      protocol: 'rest',
      address: '127.0.0.1',
      ac: sha256(der),
      tbs: sha256(decodeAc(der).acinfo),
    })
  })

  it('has nothing of a list, and nothing of a refusal', async () => {
    await askLegacy(daemon.port(), [userNamed('test1')], ['N'])
    await askRest(daemon.port(), [userNamed('test2')])
    await askRest(daemon.port(), [userNamed('stranger')])
    for (const name of ['test1', 'test2', 'stranger']) {
      expect(await search(`/C=IT/O=Test/CN=${name}`)).toEqual([])
    }
  })

  it('is whole and signed when the daemon has ended', async () => {
    await daemon.server.close()
    const keys = readPublicKeys([publicKeyPath(join(folder(), 'heads.key'))])
    const report = await verifyAudit({ folder: folder(), keys }, { now: () => NOW + 3600 })
    expect(report).toMatchObject({ records: 4, logs: 1, faults: [] })
  })
})
