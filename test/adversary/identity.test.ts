import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tlv } from '../../native-free/der/writer.ts'
import { askRest, ca, type Daemon, LONG, userNamed } from '../e2e/daemon.ts'
import type { NameAttribute, NameInput } from '../pki/distinguishedName.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'
import { CA_DN, eecOf, lastReason, openCourt, otherCa, whois } from './openCourt.ts'

const BASE = '/C=IT/O=Test'
const base: readonly NameAttribute[] = [
  { type: 'C', value: 'IT' },
  { type: 'O', value: 'Test' },
]
const utf8 = (text: string) => new TextEncoder().encode(text)
/** /C=IT/O=Test and these. */
const named = (...more: readonly (NameAttribute | readonly NameAttribute[])[]): NameInput => [
  ...base,
  ...more,
]
const cn = (value: string, string: NameAttribute['string'] = 'utf8') => named({ type: 'CN', value, string })
/** A CN of any type: its octets are no text of the type that they claim. */
const raw = (tag: number, content: Uint8Array) => named({ type: 'CN', value: tlv(tag, content) })

const secondCa = otherCa()
const SECOND_DN = '/C=IT/O=Other/CN=CA'
const trusted = mkdtempSync(join(tmpdir(), 'vouchd-court-'))
const policy = (dn: string) => signingPolicyText(dn, [`${BASE}/*`])
writeTrustDirectory(trusted, [
  { ca, signingPolicy: policy(CA_DN) },
  { ca: secondCa, signingPolicy: policy(SECOND_DN) },
])

let court: Daemon
beforeAll(async () => {
  court = await openCourt(
    [
      { member: 'kims', subject: `${BASE}/CN=kims` },
      { member: 'jurgen', subject: `${BASE}/CN=J\\xC3\\xBCrgen` },
      { member: 'slash', subject: `${BASE}/CN=host/a.example` },
      { member: 'two-cns', subject: `${BASE}/CN=x/CN=victim` },
      { member: 'email', subject: `${BASE}/CN=e/Email=e@example.org` },
      { member: 'uid', subject: `${BASE}/CN=i/USERID=i7` },
      { member: 'flat', subject: `${BASE}/CN=m/UID=m7` },
      { member: 'multi', subject: `${BASE}/CN=n+UID=n7` },
      { member: 'multi flat', subject: `${BASE}/CN=o/UID=o7` },
      { member: 'multi own', subject: `${BASE}/CN=o+UID=o7` },
      { member: 'first', subject: `${BASE}/CN=both`, issuer: CA_DN },
      { member: 'second', subject: `${BASE}/CN=both`, issuer: SECOND_DN },
      { member: 'only first', subject: `${BASE}/CN=lone`, issuer: CA_DN },
      { member: 'double a', subject: `${BASE}/CN=d/Email=d@example.org` },
      { member: 'double b', subject: `${BASE}/CN=d/emailAddress=d@example.org` },
      { member: 'upper', subject: `${BASE}/CN=Case` },
      { member: 'lower', subject: `${BASE}/CN=case` },
    ],
    { trust: { directory: trusted, vomsdir: 'vomsdir' } },
  )
})
afterAll(async () => {
  await court?.stop()
  rmSync(trusted, { recursive: true })
})

describe('a member is found', () => {
  it.each<[string, NameInput, string]>([
    ['by his own name', cn('kims'), 'kims'],
    ['in another string type', cn('kims', 'printable'), 'kims'],
    ['as BMPString', cn('kims', 'bmp'), 'kims'],
    ['beyond ASCII', cn('Jürgen'), 'jurgen'],
    ['beyond ASCII, as T61String', cn('Jürgen', 't61'), 'jurgen'],
    ['with a slash in his CN', cn('host/a.example'), 'slash'],
    ['with two CNs', named({ type: 'CN', value: 'x' }, { type: 'CN', value: 'victim' }), 'two-cns'],
    [
      'by the label Email',
      named({ type: 'CN', value: 'e' }, { type: 'emailAddress', value: 'e@example.org' }),
      'email',
    ],
    ['by the label USERID', named({ type: 'CN', value: 'i' }, { type: 'UID', value: 'i7' }), 'uid'],
    [
      'with two attributes in one RDN, of which the directory made two',
      named([
        { type: 'CN', value: 'm' },
        { type: 'UID', value: 'm7' },
      ]),
      'flat',
    ],
    [
      'with two attributes in one RDN',
      named([
        { type: 'CN', value: 'n' },
        { type: 'UID', value: 'n7' },
      ]),
      'multi',
    ],
  ])('%s', async (_, subject, member) => {
    expect(await whois(court, [eecOf(subject)])).toBe(member)
  })
})

describe('every spelling of a label', () => {
  const EMAILS = ['emailAddress', 'Email', 'E', 'EMAILADDRESS', '1.2.840.113549.1.9.1']
  const UIDS = ['UID', 'USERID', 'uid', '0.9.2342.19200300.100.1.1']
  const spelled = [...EMAILS, ...UIDS]
  const member = (n: number) => `spelled ${n}`
  const value = (n: number) => (n < EMAILS.length ? `s${n}@example.org` : `s${n}`)
  let daemon: Daemon
  beforeAll(async () => {
    daemon = await openCourt(
      spelled.map((label, n) => ({ member: member(n), subject: `${BASE}/CN=s${n}/${label}=${value(n)}` })),
    )
  })
  afterAll(() => daemon?.stop())

  it.each(spelled.map((label, n) => [label, n] as const))(
    '%s is its attribute and no other',
    async (label, n) => {
      const named_ = (type: string, string: NameAttribute['string'] = 'utf8') =>
        whois(daemon, [eecOf(named({ type: 'CN', value: `s${n}` }, { type, value: value(n), string }))])
      const own = n < EMAILS.length ? 'emailAddress' : 'UID'
      // A query by equality finds only what directories are known to write.
      const isWritten = !['EMAILADDRESS', 'uid', '1.2.840.113549.1.9.1'].includes(label)
      expect(await named_(own)).toBe(isWritten ? member(n) : 'NoSuchUser')
      for (const other of [
        'CN',
        'OU',
        '0.9.2342.19200300.100.1.3',
        '0.9.2342.19200300.100.1.44',
        '2.5.4.45',
      ]) {
        expect(await named_(other)).toBe('NoSuchUser')
      }
    },
  )
})

describe('nobody passes for a member', () => {
  it.each<[string, NameInput, string]>([
    ['a BMPString whose octets read as his name', raw(0x1e, utf8('kims')), 'NoSuchUser'],
    ['a BMPString whose octets read as his UTF-8', raw(0x1e, utf8('Jürgen!')), 'NoSuchUser'],
    ['a BIT STRING of his name', raw(0x03, utf8('\0kims')), 'DN_UNSAFE'],
    ['NUL and more after his name', cn('kims\0.example'), 'DN_UNSAFE'],
    ['NUL in an IA5String', raw(0x16, utf8('kims\0')), 'DN_UNSAFE'],
    ['a line end', cn('kims\n'), 'DN_UNSAFE'],
    ['a CN that holds the next RDN', cn('x/CN=victim'), 'DN_UNSAFE'],
    ['a CN that holds it in another spelling', cn('x/cn=victim'), 'DN_UNSAFE'],
    ['a CN that holds it by its OID', cn('x/2.5.4.3=victim'), 'DN_UNSAFE'],
    ['a CN with a further attribute', cn('n+UID=n7'), 'DN_UNSAFE'],
    ['a CN with an e-mail address', cn('e/Email=e@example.org'), 'DN_UNSAFE'],
    ['an escape in letters', cn('J\\xC3\\xBCrgen'), 'DN_UNSAFE'],
    ['an escaped slash', cn('host\\/a.example'), 'DN_UNSAFE'],
    ['a backslash at the end', cn('x\\'), 'DN_UNSAFE'],
    ['KELVIN SIGN', cn('\u212aims'), 'DN_UNSAFE'],
    ['letters of full width', cn('\uff4bims'), 'NoSuchUser'],
    ['a Cyrillic letter', cn('kim\u0455'), 'NoSuchUser'],
    ['a zero-width space', cn('ki\u200bms'), 'NoSuchUser'],
    ['text that runs the other way', cn('\u202esmik'), 'NoSuchUser'],
    ['a soft hyphen', cn('ki\u00adms'), 'NoSuchUser'],
    ['a dotless i', cn('k\u0131ms'), 'NoSuchUser'],
    ['a letter without its accent', cn('Jurgen'), 'NoSuchUser'],
    ['a trailing full stop', cn('kims.'), 'NoSuchUser'],
    ['one RDN less', base as NameInput, 'NAMESPACE_DENIED'],
    ['one RDN more', named({ type: 'CN', value: 'kims' }, { type: 'CN', value: '1' }), 'NoSuchUser'],
    ['another order', [{ type: 'CN', value: 'kims' }, ...base], 'NAMESPACE_DENIED'],
    ['his name in another case than the directory has it', cn('KIMS'), 'NoSuchUser'],
    ['his name decomposed', cn('Ju\u0308rgen'), 'NoSuchUser'],
    ['another attribute', named({ type: 'OU', value: 'kims' }), 'NoSuchUser'],
    [
      'another attribute that prints alike',
      named({ type: '0.9.2342.19200300.100.1.44', value: 'i7' }),
      'NoSuchUser',
    ],
    [
      'two RDNs where the directory has one of two attributes',
      named({ type: 'CN', value: 'n' }, { type: 'UID', value: 'n7' }),
      'NoSuchUser',
    ],
    ['wildcards of SQL', cn('kim_'), 'NoSuchUser'],
    ['more wildcards of SQL', cn('%'), 'NoSuchUser'],
    ['a quote', cn("kims' or '1'='1"), 'NoSuchUser'],
  ])('with %s', async (_, subject, verdict) => {
    const answer = await whois(court, [eecOf(subject)])
    if (verdict === 'NoSuchUser') expect(answer).toBe(verdict)
    else expect([answer, lastReason(court)]).toEqual(['InternalError', verdict])
  })
})

describe('one DN', () => {
  it('of two CAs is two members', async () => {
    expect(await whois(court, [eecOf(cn('both'))])).toBe('first')
    expect(await whois(court, [eecOf(cn('both'), secondCa)])).toBe('second')
  })

  it('of the other CA is nobody', async () => {
    expect(await whois(court, [eecOf(cn('lone'), secondCa)])).toBe('NoSuchUser')
  })

  it('of a CA that only has the name of a trusted one is refused', async () => {
    expect(await whois(court, [eecOf(cn('kims'), otherCa(CA_DN))])).toBe('InternalError')
    expect(lastReason(court)).toBe('SIGNATURE_INVALID')
  })

  it('that two members have in two spellings belongs to neither', async () => {
    const double = named({ type: 'CN', value: 'd' }, { type: 'emailAddress', value: 'd@example.org' })
    expect(await whois(court, [eecOf(double)])).toBe('ambiguous')
  })

  it('that differs in case alone is another member', async () => {
    expect(await whois(court, [eecOf(cn('Case'))])).toBe('upper')
    expect(await whois(court, [eecOf(cn('case'))])).toBe('lower')
  })

  it('that another has with its attributes flattened belongs to neither', async () => {
    const both = named([
      { type: 'CN', value: 'o' },
      { type: 'UID', value: 'o7' },
    ])
    expect(await whois(court, [eecOf(both)])).toBe('ambiguous')
  })
})

describe("other people's certificates in the list", () => {
  const me = userNamed('stranger')
  const victim = eecOf(cn('kims'))
  const rogue = otherCa(CA_DN)
  const forged = eecOf(cn('kims'), rogue)
  const proxy = issueProxy(me, LONG)
  const proxyOfVictim = issueProxy(victim, LONG)

  it('never give their names, in whatever order', async () => {
    for (const rest of permutations([me, victim, proxyOfVictim, forged, rogue])) {
      expect(await whois(court, [proxy, ...rest])).toBe('NoSuchUser')
    }
  }, 60_000)

  it('never take the name of him who came, in whatever order', async () => {
    for (const rest of permutations([victim, me, proxy, forged])) {
      expect(await whois(court, [proxyOfVictim, ...rest])).toBe('kims')
    }
  })

  it.each([
    ['a proxy of theirs that I signed', issueProxy(victim, { signer: me.key, ...LONG }), 'SIGNATURE_INVALID'],
    [
      'a proxy of theirs that I signed with a proxy',
      issueProxy(victim, { signer: proxy.key, ...LONG }),
      'SIGNATURE_INVALID',
    ],
    [
      'a proxy of mine in their name',
      issueProxy(me, { subject: proxyOfVictim.subject, ...LONG }),
      'PROXY_NAME',
    ],
    [
      'a proxy that names them its issuer and me its subject',
      issueProxy(me, { issuerName: victim.subject, ...LONG }),
      'PROXY_NAME',
    ],
  ])('do not make good %s', async (_, leaf, reason) => {
    for (const rest of permutations([me, victim, proxy])) {
      expect(await whois(court, [leaf, ...rest])).toBe('InternalError')
      expect(lastReason(court)).toBe(reason)
    }
  })
})

it('matching by subject alone is only done where it is configured', async () => {
  const { status } = await askRest(court.port(), [eecOf(cn('lone'), secondCa)])
  expect(status).toBe(403)
})

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield []
  for (const [index, one] of items.entries()) {
    for (const rest of permutations(items.filter((_, at) => at !== index))) yield [one, ...rest]
  }
}
