import { webcrypto } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { issueHost } from '../cli/siteFolder.ts'
import {
  askLegacy,
  ca,
  type Daemon,
  host,
  LONG,
  NOW,
  type RestAnswer,
  startDaemon,
  userNamed,
} from '../e2e/daemon.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { storedRsaKey } from '../pki/keys.ts'
import { writeLscFile } from '../pki/vomsFiles.ts'
import { type ForgedAc, forgeAc, proxyWith } from './forgeAc.ts'
import { askPatiently, otherCa } from './openCourt.ts'

/** Holds /vo.0, /vo.0/G1, R1 there, /vo.0/G2, and /vo.0/optional. */
const rich = userNamed('test0')
/** Holds /vo.0 alone. */
const poor = userNamed('test1')
const suspended = userNamed('test2')
const stranger = userNamed('stranger')

const HOST_DN = '/C=IT/O=Test/CN=voms.example.org'
const CA_DN = '/C=IT/O=Test/CN=CA'
const ALL_OF_RICH = ['/vo.0', '/vo.0/G1', '/vo.0/G1/Role=R1', '/vo.0/G2', '/vo.0/optional']

let daemon: Daemon
beforeAll(async () => {
  daemon = await startDaemon()
  writeLscFile(join(daemon.folder, 'vomsdir'), 'vo.1', 'voms.example.org', [HOST_DN, CA_DN])
  const db = await daemon.database()
  // Names that no FQAN of this VO can have, as a careless import may leave them.
  for (const path of ['/vo.1/G', '/vo.01', '/vo', '/VO.0/G', '/vo.0/G1/Role=R1/x']) {
    await db
      .query(
        `with g as (insert into vouchd.vo_group (vo_id, path) select id, $1 from vouchd.vo where name = 'vo.0' returning id, vo_id)
         insert into vouchd.holding (vo_id, member_id, group_id)
         select m.vo_id, m.id, g.id from g join vouchd.member m on m.vo_id = g.vo_id and m.source_id = '0'`,
        [path],
      )
      .catch(() => [])
  }
  await db.close()
})
afterAll(() => daemon?.stop())

const ask = (chain: readonly Credential[], query = '') => askPatiently(daemon.port(), chain, query)

/** Short FQANs of the AC, verified by an independent reader; or the code of the refusal. */
async function given(answer: RestAnswer): Promise<readonly string[] | string> {
  if (answer.ac === undefined) return answer.code ?? `status ${answer.status}`
  const { fqans, signatureValid } = await readAcIndependently(answer.ac)
  expect(signatureValid).toBe(true)
  return fqans.map(fqan => fqan.replace('/Capability=NULL', '').replace('/Role=NULL', ''))
}

describe('a role that is not held', () => {
  it.each([
    '/vo.0/Role=R1',
    '/vo.0/G1/Role=R1',
    '/vo.0/G1/Role=R1/Capability=NULL',
    '/vo.0/G1:R1',
    '/vo.0:R1',
    '/Role=R1',
    'RR1',
    'Role=R1',
    'B/vo.0/G1:R1',
    'B/vo.0:R1',
    'G/vo.0/G1/Role=R1',
    'G/vo.0/Role=R1',
    'X/vo.0/Role=R1',
    'A/vo.0/Role=R1',
    'N/vo.0/Role=R1',
    'R/vo.0/Role=R1',
    '%2Fvo.0%2FG1%2FRole%3DR1',
    '/vo.0/Role%3dR1',
    '/vo.0/role=R1',
    '/vo.0/ROLE=R1',
    '/vo.0/Role=r1',
    '/vo.0//Role=R1',
    '/vo.0/Role=R1/',
    '/vo.0/./Role=R1',
    '/vo.0/../vo.0/Role=R1',
    '/vo.0/Role=NULL/Role=R1',
    '/vo.0/Role=R1/Role=NULL',
    '/vo.0/Role=*',
    '/vo.0/Role=',
    '/vo.0/Role=VO-Admin',
    '/vo.0/Role=R1%00',
    '/vo.0/Role=R1%0A',
    '/vo.0%00/Role=R1',
    "/vo.0/Role=R1'--",
    '/vo.0/G1',
    '/vo.0/G2/G3',
    '/vo.0/optional',
    '/vo.1',
    '/vo',
    '/',
    '//',
    'all',
    'ALL',
    'Gall',
    'Ball',
    'A',
  ])('is not issued when asked for as %s', async fqan => {
    for (const query of [`?fqans=${fqan}`, `?fqans=/vo.0,${fqan}`, `?fqans=${fqan}&order=${fqan}`]) {
      const granted = await given(await ask([poor], query))
      expect(['BadRequest', 'NoSuchUser', ['/vo.0']]).toContainEqual(granted)
    }
  })

  it.each([
    'B/vo.0/G1:R1',
    'G/vo.0/Role=R1',
    'RR1',
    'R/vo.0:R1',
    'Gall',
    'A',
    '//',
    'S',
    'M1',
    'L',
    '&#71;/vo.0/G1',
  ])('is not issued over the legacy protocol as %s', async command => {
    const text = await askLegacy(daemon.port(), [poor], [command], '<base64>1</base64>')
    const ac = /<ac>([\s\S]*?)<\/ac>/.exec(text)![1]!
    const granted = /<error>/.test(text)
      ? 'error'
      : await given({ ac: new Uint8Array(Buffer.from(ac, 'base64')) } as RestAnswer)
    expect(['error', ['/vo.0']]).toContainEqual(granted)
  })
})

describe('what is held', () => {
  it('is issued no further than asked: roles and optional groups only by name', async () => {
    expect(await given(await ask([rich]))).toEqual(['/vo.0', '/vo.0/G1', '/vo.0/G2'])
    expect(await given(await ask([rich], '?fqans=all'))).toEqual([
      '/vo.0',
      '/vo.0/G1',
      '/vo.0/G1/Role=R1',
      '/vo.0/G2',
    ])
  })

  it('never leaves the VO, whatever the directory says', async () => {
    for (const query of [
      '?fqans=all',
      '?fqans=/vo.1/G',
      '?fqans=/VO.0/G',
      '?fqans=/vo.0,/vo.01',
      '?fqans=/vo',
    ]) {
      const granted = await given(await ask([rich], query))
      if (typeof granted === 'string') expect(granted).toBe('BadRequest')
      else for (const fqan of granted) expect(ALL_OF_RICH).toContain(fqan)
    }
  })

  it('ends when the membership is suspended, whatever is carried', async () => {
    const ac = forgeAc(suspended, { issuer: host, fqans: ['/vo.0'] })
    for (const chain of [[suspended], [proxyWith(suspended, [ac]), suspended]]) {
      for (const query of ['', '?fqans=all', '?fqans=//']) {
        expect(await given(await ask(chain, query))).toBe('SuspendedUser')
      }
    }
  })
})

describe('order', () => {
  it.each([
    '/vo.0/G1/Role=R1',
    '/vo.0/G1:R1',
    '/vo.0/optional',
    '/vo.1/G',
    '/vo.0/G1/Role=R1,/vo.0/optional',
    '%2Fvo.0%2FG1%3AR1',
    'all',
    'A',
    '/vo.0/G1/Role=R1%0a/vo.0/optional',
  ])('%s adds nothing', async order => {
    const granted = await given(await ask([rich], `?fqans=/vo.0&order=${order}`))
    expect([...granted].sort()).toEqual(['/vo.0', '/vo.0/G1', '/vo.0/G2'])
  })

  it('of a thousand entries more than are allowed is refused', async () => {
    const order = Array(2000).fill('/x').join(',')
    expect(await given(await ask([rich], `?order=${order}`))).toBe('BadRequest')
  })
})

describe('targets', () => {
  const targetsOf = async (query: string) => {
    const answer = await ask([rich], query)
    return answer.ac === undefined ? answer.code : (await readAcIndependently(answer.ac)).targets
  }

  it.each([
    ['a,b', ['a', 'b']],
    ['a,,a,', ['a']],
    ['a%2Cb', ['a', 'b']],
    ['a<b>"c"', ['a<b>"c"']],
    ['a;b', ['a;b']],
  ])('%s are those hosts and no others', async (targets, expected) => {
    expect(await targetsOf(`?targets=${targets}`)).toEqual(expected)
  })

  it.each(['a%00b', 'a%0ab', 'a%20b', '%C3%A9', `${'h'.repeat(256)}`, 'a%7f'])(
    '%s are refused',
    async targets => {
      expect(await targetsOf(`?targets=${targets}`)).toBe('BadRequest')
    },
  )

  it('are the last ones given, and not widened by the ones before', async () => {
    expect(await targetsOf('?targets=a&targets=b')).toEqual(['b'])
  })
})

describe('lifetime', () => {
  it.each([
    '99999999999999999999',
    '-1',
    '0',
    '86401',
    '1e9',
    '0x7fffffff',
    'NaN',
    '%2B90000',
    '4294967296',
    '',
  ])('%s gives no more than the maximum', async lifetime => {
    const answer = await ask([rich], `?lifetime=${lifetime}`)
    const { notBefore, notAfter } = await readAcIndependently(answer.ac!)
    expect(notBefore.getTime() / 1000).toBe(NOW)
    expect(notAfter.getTime() / 1000).toBeGreaterThan(NOW)
    expect(notAfter.getTime() / 1000).toBeLessThanOrEqual(NOW + 86_400)
  })
})

const rogueCa = otherCa('/C=XX/O=Rogue/CN=CA')
const rogueHost = issueHost(rogueCa, storedRsaKey(2048, 3), { subject: HOST_DN, ...LONG })
const sameNameCa = otherCa(CA_DN)
const sameNameHost = issueHost(sameNameCa, storedRsaKey(2048, 4), { subject: HOST_DN, ...LONG })
const userAsHost = issueHost(ca, storedRsaKey(2048, 5), { subject: '/C=IT/O=Test/CN=test1', ...LONG })
const everything = ['/vo.0', '/vo.0/G1/Role=R1', '/vo.0/G1', '/vo.0/G2', '/vo.0/Role=VO-Admin', '/vo.1/G']

describe('an AC in the chain never adds anything', () => {
  const ofPoor: readonly (readonly [string, ForgedAc, readonly string[] | string])[] = [
    ['of this VO and this server', { issuer: host, fqans: everything }, ['/vo.0']],
    [
      'of this server about another VO',
      { issuer: host, vo: 'vo.1', fqans: ['/vo.1', '/vo.1/Role=R1'] },
      ['/vo.0'],
    ],
    [
      'about another VO with FQANs of this one',
      { issuer: host, vo: 'vo.1', fqans: ['/vo.0/Role=R1'] },
      ['/vo.0'],
    ],
    ['about this VO with FQANs of another', { issuer: host, fqans: ['/vo.1/Role=R1'] }, ['/vo.0']],
    [
      'that has expired',
      { issuer: host, fqans: everything, notBefore: NOW - 9000, notAfter: NOW - 301 },
      ['/vo.0'],
    ],
    [
      'that is not yet valid',
      { issuer: host, fqans: everything, notBefore: NOW + 301, notAfter: NOW + 900 },
      ['/vo.0'],
    ],
    ['of an issuer under a rogue CA', { issuer: rogueHost, fqans: everything }, ['/vo.0']],
    ['of an issuer under a CA of the same name', { issuer: sameNameHost, fqans: everything }, ['/vo.0']],
    ["signed by the user's own key", { issuer: userAsHost, fqans: everything }, ['/vo.0']],
    [
      "signed by the user's own key over the server's certificate",
      { issuer: userAsHost, certificate: host.der, fqans: everything },
      ['/vo.0'],
    ],
    ['with a path for a host', { issuer: host, uri: '../../vo.1/x:1', fqans: everything }, ['/vo.0']],
    ['of a VO named as a path', { issuer: host, vo: '..', fqans: ['/../x'] }, ['/vo.0']],
    ['that holds nothing of his', { issuer: host, fqans: ['/vo.0/G1/Role=R1'] }, 'InternalError'],
  ]

  it.each(ofPoor)('%s', async (_name, forged, expected) => {
    const carrier = proxyWith(poor, [forgeAc(poor, forged)])
    for (const query of ['', '?fqans=all', '?fqans=//']) {
      expect(await given(await ask([carrier, poor], query))).toEqual(expected)
    }
    expect(await given(await ask([carrier, poor], '?fqans=/vo.0/G1/Role=R1'))).toBe('BadRequest')
  })

  it('costs no signature where nobody vouches for its signer', async () => {
    const verify = vi.spyOn(webcrypto.subtle, 'verify')
    try {
      for (const issuer of [rogueHost, sameNameHost]) {
        const carrier = proxyWith(poor, [forgeAc(poor, { issuer, fqans: everything })])
        expect(await given(await ask([carrier, poor]))).toEqual(['/vo.0'])
      }
      expect(verify).toHaveBeenCalledTimes(0)
      const carrier = proxyWith(poor, [forgeAc(poor, { issuer: host, fqans: everything })])
      await given(await ask([carrier, poor]))
      expect(verify).toHaveBeenCalled()
    } finally {
      verify.mockRestore()
    }
  })

  it('makes no member of a stranger', async () => {
    const theirs = await ask([rich], '?fqans=all')
    for (const ac of [theirs.ac!, forgeAc(stranger, { issuer: host, fqans: everything })]) {
      expect(await given(await ask([proxyWith(stranger, [ac]), stranger], '?fqans=all'))).toBe('NoSuchUser')
    }
  })

  it('of somebody else, bent in any octet, or many of them', async () => {
    const theirs = (await ask([rich], '?fqans=all')).ac!
    for (let at = 0; at < theirs.length; at += 97) {
      const bent = Uint8Array.from(theirs, (octet, n) => (n === at ? octet ^ 0x01 : octet))
      expect(await given(await ask([proxyWith(poor, [bent]), poor]))).toEqual(['/vo.0'])
    }
    expect(await given(await ask([proxyWith(poor, Array(30).fill(theirs)), poor]))).toEqual(['/vo.0'])
  })

  it('takes away, and cannot be shed by a proxy above or below it', async () => {
    const less = forgeAc(rich, { issuer: host, fqans: ['/vo.0'] })
    const more = forgeAc(rich, { issuer: host, fqans: ALL_OF_RICH })
    const carrier = proxyWith(rich, [less])
    const below = proxyWith(carrier, [more])
    for (const chain of [
      [carrier, rich],
      [issueProxy(carrier, LONG), carrier, rich],
      [below, carrier, rich],
      [below, carrier, proxyWith(rich, [more]), rich],
    ]) {
      expect(await given(await ask(chain, '?fqans=all'))).toEqual(['/vo.0'])
    }
  })
})

describe('the holder', () => {
  it.each([1, 2, 8, 16])('is the EEC, %i proxies above the key that came', async depth => {
    const chain = [rich]
    for (let n = 0; n < depth; n++) chain.unshift(issueProxy(chain[0]!, LONG))
    const answer = await ask(chain)
    const ac = await readAcIndependently(answer.ac!)
    expect(Buffer.from(ac.holder.name)).toEqual(Buffer.from(rich.subject))
    expect(ac.holder.serial).toBe(Buffer.from(rich.serial).toString('hex'))
  })
})
