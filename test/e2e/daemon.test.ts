import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeAcExtension } from '../../native-free/ac/extractAcs.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import { createCa } from '../pki/createCa.ts'
import { createCrl } from '../pki/createCrl.ts'
import { extension } from '../pki/extensions.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueEec } from '../pki/issueEec.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { privateKeyPem } from '../pki/keys.ts'
import { writeCrl } from '../pki/trustDirectory.ts'
import { askLegacy, askRest, ca, type Daemon, LONG, NOW, startDaemon, userNamed } from './daemon.ts'

const test0 = userNamed('test0')
const test1 = userNamed('test1')
const suspended = userNamed('test2')
const stranger = userNamed('stranger')

describe('the daemon over an embedded database', () => {
  let daemon: Daemon
  beforeAll(async () => {
    daemon = await startDaemon()
  })
  afterAll(() => daemon?.stop())

  it('issues an AC over REST that an independent reader accepts', async () => {
    const answer = await askRest(
      daemon.port(),
      [test0],
      '?fqans=/vo.0/G1/Role=R1&lifetime=3600&targets=a.example,',
    )
    expect(answer).toMatchObject({ status: 200, code: undefined, warnings: [] })
    const ac = await readAcIndependently(answer.ac!)
    expect(ac.signatureValid).toBe(true)
    expect(ac.fqans).toEqual([
      '/vo.0/G1/Role=R1/Capability=NULL',
      '/vo.0/Role=NULL/Capability=NULL',
      '/vo.0/G1/Role=NULL/Capability=NULL',
      '/vo.0/G2/Role=NULL/Capability=NULL',
    ])
    expect(ac.attributes).toEqual([
      { name: 'quota', value: '20', qualifier: '/vo.0/G1/Role=R1' },
      { name: 'quota', value: '10', qualifier: '/vo.0/G1' },
      { name: 'nickname', value: 'zero', qualifier: 'vo.0' },
    ])
    expect(ac.targets).toEqual(['a.example'])
    expect(ac.policyAuthority).toBe('vo.0://voms.example.org:15000')
    expect(Buffer.from(ac.holder.name)).toEqual(Buffer.from(test0.subject))
    expect([ac.notBefore, ac.notAfter].map(date => date.getTime() / 1000)).toEqual([NOW, NOW + 3600])
  })

  it('issues the same over the legacy protocol', async () => {
    const text = await askLegacy(
      daemon.port(),
      [test0],
      ['G/vo.0'],
      '<base64>1</base64><lifetime>60</lifetime>',
    )
    expect(text).toMatch(/^<\?xml version="1\.0" encoding = "US-ASCII"\?><vomsans><version>3<\/version><ac>/)
    const ac = await readAcIndependently(
      new Uint8Array(Buffer.from(/<ac>([\s\S]*)<\/ac>/.exec(text)![1]!, 'base64')),
    )
    expect(ac.fqans[0]).toBe('/vo.0/Role=NULL/Capability=NULL')
    expect(ac.signatureValid).toBe(true)
  })

  it('binds the AC to the EEC behind a proxy', async () => {
    const proxy = issueProxy(test0, LONG)
    const answer = await askRest(daemon.port(), [proxy, test0])
    const ac = await readAcIndependently(answer.ac!)
    expect(Buffer.from(ac.holder.name)).toEqual(Buffer.from(test0.subject))
    expect(ac.holder.serial).toBe(Buffer.from(test0.serial).toString('hex'))
  })

  it('lists', async () => {
    const text = await askLegacy(daemon.port(), [test1], ['N'], '<base64>1</base64>')
    const list = Buffer.from(/<bitstr>([\s\S]*)<\/bitstr>/.exec(text)![1]!, 'base64').toString()
    expect(list).toBe('/vo.0/Role=NULL/Capability=NULL\n')
  })

  it.each([
    ['unknown', stranger, '', 403, 'NoSuchUser', /^vo\.0: User unknown to this VO\. \[/],
    [
      'suspended',
      suspended,
      '',
      403,
      'SuspendedUser',
      /^User is currently suspended!\nSuspension reason: left the experiment \[/,
    ],
    [
      'a role that is not held',
      test1,
      '?fqans=/vo.0/Role=R1',
      400,
      'BadRequest',
      /^vo\.0: Unable to satisfy B\/vo\.0:R1 request! \[/,
    ],
    ['no such path', test0, '/x', 404, 'BadRequest', /generate-ac/],
  ])('refuses %s', async (_name, user, query, status, code, message) => {
    const answer = await askRest(daemon.port(), [user], query)
    expect(answer).toMatchObject({ status, code, ac: undefined })
    expect(answer.message).toMatch(message)
  })

  it('refuses a chain in the protocol that it asked in, with a sentence and without inner detail', async () => {
    const rogueCa = createCa({ subject: '/C=XX/O=Rogue/CN=CA', ...LONG })
    const rogue = issueEec(rogueCa, { subject: '/C=IT/O=Test/CN=test0', ...LONG })
    const rest = await askRest(daemon.port(), [rogue])
    expect(rest).toMatchObject({ status: 403, code: 'InternalError' })
    expect(rest.message).toMatch(/^vo\.0: Your certificate was not accepted: .*CA.*not trusted.*\. \[/)
    expect(rest.message).not.toContain('UNKNOWN_CA')
    expect(await askLegacy(daemon.port(), [rogue], ['A'])).toMatch(/<number>1006<\/number>.*<ac>qq<\/ac>/s)
    expect(daemon.log.findLast(line => line['reason'] !== undefined)).toMatchObject({
      reason: 'UNKNOWN_CA',
      level: 40,
    })
  })

  it('refuses who sends no certificate', async () => {
    expect(await askRest(daemon.port(), [])).toMatchObject({ status: 403, code: 'InternalError' })
  })

  it('warns beside the AC, with status 200', async () => {
    const answer = await askRest(daemon.port(), [test1], '?lifetime=9999999&x=y')
    expect(answer.status).toBe(200)
    expect(answer.ac).toBeDefined()
    expect(answer.warnings).toHaveLength(2)
  })

  it('ties the client’s error to its log line', async () => {
    const answer = await askRest(daemon.port(), [stranger])
    const id = /\[(.+)\]$/.exec(answer.message!)![1]
    expect(daemon.log.filter(line => line['id'] === id)).toMatchObject([
      {
        vo: 'vo.0',
        outcome: 'refused',
        code: 'no-such-user',
        holder: '/C=IT/O=Test/CN=stranger',
        protocol: 'rest',
      },
    ])
  })

  it('keeps a client to the FQANs that its proxy already carries', async () => {
    const first = await askLegacy(daemon.port(), [test0], ['G/vo.0'], '<base64>1</base64>')
    const carried = new Uint8Array(Buffer.from(/<ac>([\s\S]*)<\/ac>/.exec(first)![1]!, 'base64'))
    const proxy = issueProxy(test0, {
      ...LONG,
      more: [extension('1.3.6.1.4.1.8005.100.100.5', false, encodeAcExtension([carried]))],
    })
    const answer = await askRest(daemon.port(), [proxy, test0], '?fqans=/vo.0/G1/Role=R1')
    expect(answer.warnings.join()).toContain('contains attributes')
    const ac = await readAcIndependently(answer.ac!)
    expect(ac.fqans).not.toContain('/vo.0/G1/Role=R1/Capability=NULL')
    expect(ac.fqans).toHaveLength(3)
  })

  it('honours a suspension within moments, without being told', async () => {
    expect((await askRest(daemon.port(), [test1])).status).toBe(200)
    const db = await daemon.database()
    await db.query(
      `update vouchd.member set suspended = true, suspended_reason = 'a < b & "c"' where source_id = '1'`,
    )
    const deadline = performance.now() + 5000
    let answer = await askRest(daemon.port(), [test1])
    while (answer.status === 200 && performance.now() < deadline)
      answer = await askRest(daemon.port(), [test1])
    expect(answer).toMatchObject({ status: 403, code: 'SuspendedUser' })
    expect(answer.message).toContain('a &lt; b &amp;')
    await db.query(
      `update vouchd.member set suspended = false, suspended_reason = null where source_id = '1'`,
    )
    await db.close()
  })

  it('issues nothing beyond the life of its own certificate', async () => {
    daemon.clock.now = Date.UTC(2039, 11, 31, 23, 0) / 1000
    try {
      const answer = await askRest(daemon.port(), [test0], '?lifetime=80000')
      expect(answer.warnings.join()).toContain('shortened to 3600 seconds')
      const ac = await readAcIndependently(answer.ac!)
      expect(ac.notAfter.toISOString()).toBe('2040-01-01T00:00:00.000Z')
    } finally {
      daemon.clock.now = NOW
    }
  })
})

describe('trust anchors of a running daemon', () => {
  const hostCredentials = [{ certificate: 'host.pem', key: 'host.key' }]
  const kept = { name: 'vo.0', listen: ['127.0.0.1:0'], uri: 'voms.example.org:15000', hostCredentials }
  let daemon: Daemon
  beforeAll(async () => {
    daemon = await startDaemon({ vo: [{ ...kept, keepAliveSeconds: 60 }] })
  })
  afterAll(() => daemon?.stop())

  it('bite on a kept connection at its next request: revoked, then without a CA', async () => {
    const connection = await keptConnection(daemon.port(), test0)
    expect(await connection.ask()).toMatch(/^HTTP\/1\.1 200/)

    const folder = join(daemon.folder, 'certificates')
    const dates = { thisUpdate: '2026-05-01T00:00:00Z', nextUpdate: '2026-07-01T00:00:00Z' }
    writeCrl(folder, ca, createCrl(ca, { ...dates, number: 1, revoked: [test0] }).pem)
    await daemon.server.reloadTrust()
    expect(await connection.ask()).toMatch(/^HTTP\/1\.1 403[\s\S]*revoked/)
    expect(await askRest(daemon.port(), [issueProxy(test0, LONG), test0])).toMatchObject({ status: 403 })

    connection.close()
  })

  it('are kept when the directory loses all its CAs', async () => {
    for (const name of readdirSync(join(daemon.folder, 'certificates'))) {
      rmSync(join(daemon.folder, 'certificates', name))
    }
    await daemon.server.reloadTrust()
    const connection = await keptConnection(daemon.port(), test1)
    expect(await connection.ask()).toMatch(/^HTTP\/1\.1 200/)
    connection.close()
  })
})

/** Asks again and again over one connection. */
async function keptConnection(port: number, user: Credential) {
  const socket = connect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    cert: user.pem,
    key: privateKeyPem(user.key),
  })
  await once(socket, 'secureConnect')
  return {
    async ask(): Promise<string> {
      socket.write('GET /generate-ac HTTP/1.1\r\nHost: h\r\n\r\n')
      let text = ''
      while (!text.includes('</voms>')) text += (await once(socket, 'data'))[0]
      return text
    },
    close: () => socket.destroy(),
  }
}

it('does not serve a change that was prepared when the end came', async () => {
  const daemon = await startDaemon()
  const { port } = daemon.server.addresses[0]!.addresses[0]!
  const change = await daemon.server.prepare(daemon.config)
  await daemon.server.close()
  change.commit()
  await expect(askRest(port, [test0])).rejects.toThrow('ECONNREFUSED')
  await expect(daemon.server.prepare(daemon.config)).rejects.toThrow('closed')
  await daemon.stop()
})

describe('several VOs in one daemon', () => {
  it('have ports, forms and credentials of their own', async () => {
    const hostCredentials = [{ certificate: 'host.pem', key: 'host.key' }]
    const daemon = await startDaemon({
      signing: { mode: 'inline' },
      vo: [
        {
          name: 'vo.0',
          listen: ['127.0.0.1:0'],
          uri: 'voms.example.org:15000',
          hostCredentials,
          fqanForm: 'short',
          holderForm: 'issuer',
          digest: 'sha512',
        },
        {
          name: 'vo.1',
          listen: ['127.0.0.1:0'],
          uri: 'voms.example.org:15001',
          hostCredentials: [...hostCredentials, { certificate: 'ec.pem', key: 'ec.key' }],
          acCredential: hostCredentials[0],
        },
      ],
    })
    try {
      const short = await readAcIndependently((await askRest(daemon.port('vo.0'), [test0])).ac!)
      expect(short.fqans[0]).toBe('/vo.0')
      expect(short.algorithm).toBe('1.2.840.113549.1.1.13')
      expect(Buffer.from(short.holder.name)).toEqual(Buffer.from(ca.subject))
      expect(await askRest(daemon.port('vo.1'), [test0])).toMatchObject({ status: 403, code: 'NoSuchUser' })
    } finally {
      await daemon.stop()
    }
  })
})
