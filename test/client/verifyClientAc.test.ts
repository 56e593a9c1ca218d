import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { createVomsdir } from '../../src/authenticate/trust/createVomsdir.ts'
import { loadClientTrust } from '../../src/client/clientTrust.ts'
import { acProblem, readReceivedAc } from '../../src/client/verifyClientAc.ts'
import { issueHost } from '../cli/siteFolder.ts'
import { createCrl } from '../pki/createCrl.ts'
import { issueEec } from '../pki/issueEec.ts'
import { storedRsaKey } from '../pki/keys.ts'
import { writeCrl } from '../pki/trustDirectory.ts'
import { writeLscFile } from '../pki/vomsFiles.ts'
import { acIssuer, ca, clock, LONG, makeAc, makeTrust, NOW, strangeCa, user } from './grid.ts'

const ISSUER_DN = '/C=IT/O=Test/CN=voms.example.org'
const CA_DN = '/C=IT/O=Test/CN=CA'
const holder = parseCertificate(user.der)

let grid: Awaited<ReturnType<typeof makeTrust>>
beforeAll(async () => {
  grid = await makeTrust()
  writeLscFile(join(grid.folder, 'vomsdir'), 'vo.0', 'voms.example.org', [ISSUER_DN, CA_DN])
  writeLscFile(join(grid.folder, 'vomsdir'), 'vo.0', 'other.example.org', ['/CN=somebody else', CA_DN])
  writeLscFile(join(grid.folder, 'vomsdir'), 'vo.0', 'bad.example.org', ['nonsense'])
  mkdirSync(join(grid.folder, 'vomsdir/pem'))
  writeFileSync(join(grid.folder, 'vomsdir/pem/host.pem'), acIssuer.pem)
})
afterAll(() => grid.remove())

async function judge(der: Uint8Array, change: { trust?: typeof grid.trust; now?: number } = {}) {
  const vomsdirFolder = join(grid.folder, 'vomsdir')
  const around = {
    trust: grid.trust,
    vomsdir: createVomsdir(vomsdirFolder, () => {}),
    vomsdirFolder,
    now: NOW,
  }
  const problem = await acProblem(decodeAc(der), holder, { ...around, ...change })
  return problem === undefined ? undefined : `${problem.code}: ${problem.message}; ${problem.advice ?? ''}`
}

describe('an AC', () => {
  it('of the issuer that the LSC file names is believed', async () => {
    expect(await judge(makeAc())).toBeUndefined()
  })

  it('of an issuer whose certificate is in the vomsdir is believed where there is no LSC file', async () => {
    expect(await judge(makeAc({}, { vo: 'pem' }))).toBeUndefined()
    const another = issueHost(ca, storedRsaKey(2048, 1), { subject: ISSUER_DN, ...LONG })
    expect(await judge(makeAc({}, { vo: 'pem', issuer: another }))).toMatch(/it is not known who may issue/)
  })

  it('for targets is believed anywhere', async () => {
    expect(await judge(makeAc({ targets: ['elsewhere.example'] }))).toBeUndefined()
  })

  const stranger = issueEec(ca, { subject: '/C=IT/O=Test/CN=somebody', ...LONG })
  const renewed = issueEec(ca, { subject: '/C=IT/O=Test/CN=test0', ...LONG })
  const strangeIssuer = issueHost(strangeCa, storedRsaKey(2048, 2), { subject: ISSUER_DN, ...LONG })
  it.each<[string, () => Uint8Array, RegExp]>([
    [
      'of a server without an LSC file',
      () => makeAc({}, { uri: 'new.example.org:15000' }),
      /no .*vo\.0\/new\.example\.org\.lsc; .*CN=voms\.example\.org and .*CN=CA$/,
    ],
    [
      'of an issuer that the LSC file does not name',
      () => makeAc({}, { uri: 'other.example.org:15000' }),
      /issued by somebody else than .*other\.example\.org\.lsc names: .*CN=voms\.example\.org, issued by .*CN=CA; if the VO has a new/,
    ],
    [
      'under a damaged LSC file',
      () => makeAc({}, { uri: 'bad.example.org:15000' }),
      /bad\.example\.org\.lsc cannot be used: line 1/,
    ],
    [
      'of an issuer of that name from another CA',
      () => makeAc({}, { issuer: strangeIssuer }),
      /issued by somebody else/,
    ],
    [
      'with a forged signature',
      () => makeAc({}, { signer: storedRsaKey(2048, 3) }),
      /the signature of the AC is wrong/,
    ],
    [
      'of another holder',
      () => makeAc({ holderName: stranger.subject, holderSerial: stranger.serial }),
      /issued to another certificate: \/C=IT\/O=Test\/CN=somebody, not \/C=IT\/O=Test\/CN=test0/,
    ],
    [
      'of another certificate of the holder',
      () => makeAc({ holderSerial: renewed.serial }),
      /is for another certificate of this name/,
    ],
    [
      'that begins later',
      () => makeAc({ notBefore: NOW + 301, notAfter: NOW + 900 }),
      /^ac: the AC is not valid before 2026-06-01 12:05:01 UTC; check the clock/,
    ],
    [
      'that has ended',
      () => makeAc({ notBefore: NOW - 900, notAfter: NOW - 300 }),
      /^ac-expired: the AC has no time left: it was good until 2026-06-01 11:55:00 UTC/,
    ],
    [
      'with FQANs of another VO',
      () => makeAc({ fqans: ['/other/Role=NULL/Capability=NULL'] }),
      /AC_FQAN_OUTSIDE_VO/,
    ],
  ])('%s is not', async (_name, ac, message) => {
    expect(await judge(ac())).toMatch(message)
  })

  it('is not believed when the certificate of its issuer is revoked, or no CA is there', async () => {
    const { folder, remove } = await makeTrust()
    const crl = createCrl(ca, {
      thisUpdate: LONG.from,
      nextUpdate: LONG.until,
      number: 1,
      revoked: [acIssuer],
    })
    writeCrl(join(folder, 'certificates'), ca, crl.pem)
    const trust = await loadClientTrust(join(folder, 'certificates'), clock)
    expect(await judge(makeAc(), { trust })).toMatch(
      /certificate of the AC issuer was not accepted: it was revoked/,
    )
    const nothing = await loadClientTrust(join(folder, 'nowhere'), clock)
    expect(await judge(makeAc(), { trust: nothing })).toMatch(/there is no CA certificate in .*nowhere/)
    remove()
  })
})

describe('what a server sent', () => {
  it('is read when it is an AC of the VO', () => {
    expect(readReceivedAc(makeAc(), 'vo.0').uri).toBe('voms.example.org:15000')
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['an AC of another VO', makeAc({}, { vo: 'vo.1' }), /one of VO vo\.1 instead of vo\.0/],
    ['no AC', Uint8Array.of(0x41), /is no AC/],
    ['an AC cut off', makeAc().subarray(0, 500), /is no AC/],
  ])('is refused when it is %s', (_name, der, message) => {
    expect(() => readReceivedAc(der, 'vo.0')).toThrow(
      expect.objectContaining({ code: 'ac', message: expect.stringMatching(message) }),
    )
  })
})
