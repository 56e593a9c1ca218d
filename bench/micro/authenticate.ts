// What validating a chain costs, cold and from the caches, and looking a serial up in a CRL of 200 000 entries: a proxy,
// its EEC and a root, RSA-2048 each. Run: node bench/micro/authenticate.ts [options]
import type { ChainVerdict } from '../../native-free/proxy/types.ts'
import { parseCrl } from '../../native-free/x509/parseCrl.ts'
import { type Authenticator, createAuthenticator } from '../../src/authenticate/authenticate.ts'
import { CACHE_LIMITS } from '../../src/authenticate/cacheLimits.ts'
import { TABLES } from '../../src/config/schema.ts'
import { memoryTrust } from '../../test/fakes/memoryTrust.ts'
import { createCa } from '../../test/pki/createCa.ts'
import { createCrl } from '../../test/pki/createCrl.ts'
import { issueEec } from '../../test/pki/issueEec.ts'
import { chainOf, issueProxy } from '../../test/pki/issueProxy.ts'
import { storedRsaKey } from '../../test/pki/keys.ts'
import { signingPolicyText } from '../../test/pki/policyText.ts'
import { readOptions, whole } from '../commandLine.ts'
import { CA_DN } from '../load/benchCa.ts'
import { printResult } from '../printResult.ts'
import { timeSteps } from './timeSteps.ts'

const values = readOptions('node bench/micro/authenticate.ts [options]', {
  rounds: { value: '15', about: 'interleaved rounds of every step' },
  count: { value: '200', about: 'times a round' },
  revoked: { value: '200000', about: 'entries of the CRL' },
})
const rounds = whole(values.rounds, 'rounds', 1, 1000)
const count = whole(values.count, 'count', 1, 10_000)
const revokedCount = whole(values.revoked, 'revoked', 1, 1_000_000)

const now = Math.floor(Date.now() / 1000)
const clock = { now: () => now }
const dates = { from: now - 86_400, until: now + 86_400 }
const ca = createCa({ subject: CA_DN, key: storedRsaKey(2048, 0), ...dates })
const user = issueEec(ca, { subject: '/C=IT/O=Bench/CN=user', key: storedRsaKey(2048, 1), ...dates })
const thief = issueEec(ca, { subject: '/C=IT/O=Bench/CN=thief', key: storedRsaKey(2048, 1), ...dates })
const proxyOf = (eec: typeof user) => issueProxy(eec, { key: storedRsaKey(2048, 2), ...dates })
const sent = chainOf(proxyOf(user), user)
// More proxies of the same EEC than the cache below holds, so that each is new when its turn comes.
const renewed = Array.from({ length: 64 }, () => chainOf(proxyOf(user), user))
const passing = { ...CACHE_LIMITS, passers: 16 }
// And more members than this one holds: of each, EEC and proxy are new when their turn comes.
const members = Array.from({ length: 64 }, (_, i) => {
  const eec = issueEec(ca, { subject: `/C=IT/O=Bench/CN=${i}`, key: storedRsaKey(2048, 1), ...dates })
  return chainOf(proxyOf(eec), eec)
})
const nothing = { ...CACHE_LIMITS, members: 2, parsed: 2, passers: 4, refusals: 2 }

// Serials scattered as those of a CA with random ones; the thief's is one of them.
const scattered = (i: number) => ((BigInt(i) * 0x9e3779b97f4a7c15n) % 2n ** 63n) | (1n << 62n)
const revoked = Array.from({ length: revokedCount - 1 }, (_, i) => ({ serial: scattered(i) }))
const crl = createCrl(ca, { thisUpdate: dates.from, nextUpdate: dates.until, revoked: [...revoked, thief] })
const snapshot = await memoryTrust([
  { ca, signingPolicy: signingPolicyText(CA_DN, ['/C=IT/O=Bench/*']), crls: [crl.der] },
])
const policy = TABLES.authentication.parse({})
const authenticator = (cacheLimits = CACHE_LIMITS) =>
  createAuthenticator({ policy, cacheLimits }, { snapshot: () => snapshot, clock })
const warm = authenticator()
const forgetful = authenticator(passing)
const cold = authenticator(nothing)
const unparsed = authenticator({ ...CACHE_LIMITS, parsed: 1 })
const [trustedCrl] = snapshot.crlsByIssuer(snapshot.cas[0]!.certificate.subject.canonical)

// Proof before timing: the member gets in as himself, cold and cached; the revoked one does not; a proxy signed by
// another key does not.
for (const each of [cold, warm, warm]) expectMember(each.authenticate(sent, false))
for (const chain of renewed.slice(0, 3)) expectMember(forgetful.authenticate(chain, false))
expectRefused(warm.authenticate(chainOf(proxyOf(thief), thief), false), 'REVOKED')
const forged = issueProxy(user, { key: storedRsaKey(2048, 2), signer: storedRsaKey(2048, 3), ...dates })
expectRefused(warm.authenticate(chainOf(forged, user), false), 'SIGNATURE_INVALID')
if (parseCrl(crl.der).isListed(user.serial)) throw new Error('a member is listed')
if (trustedCrl?.isListed(thief.serial) !== true) throw new Error('the thief is not listed')

const knownLinks = warm.cacheFigures().links.misses
let next = 0
const accepted = (verdict: ChainVerdict) => (verdict.accepted ? 1 : Number.NaN)
// As each connection brings it: a list of its own. Of the same one the verdict would be known.
const judge = (by: Authenticator, chain: readonly Uint8Array[]) =>
  accepted(by.authenticate([...chain], false))
const rows = await timeSteps(
  {
    'chain validation, cold: a new member': () => judge(cold, members[next++ % members.length]!),
    "chain validation, a new proxy of a known member's EEC": () =>
      judge(forgetful, renewed[next++ % renewed.length]!),
    'chain validation, EEC alone, of which only the verdict is cached': () =>
      judge(unparsed, members[next++ % members.length]!.slice(-1)),
    'chain validation, EEC alone, cached': () => judge(warm, [user.der]),
    'chain validation, cached': () => judge(warm, sent),
    [`CRL look-up among ${revokedCount}, not listed`]: () =>
      trustedCrl.isListed(user.serial) ? Number.NaN : 1,
    [`CRL look-up among ${revokedCount}, listed`]: () => (trustedCrl.isListed(thief.serial) ? 1 : Number.NaN),
  },
  { rounds, count },
)
// And after: signatures were checked where all or the proxy is new, and none where nothing is.
const checked = (by: Authenticator, before = 0) => by.cacheFigures().links.misses - before
const known = cold.cacheFigures().links.hits
if (known > 0.01 * checked(cold)) throw new Error(`what is to be cold came from the caches ${known} times`)
if (checked(cold) < 2 * rounds * count) throw new Error('the chain of a new member was not checked')
if (checked(forgetful) < rounds * count) throw new Error('a new proxy was not checked')
if (checked(warm, knownLinks) > 0) throw new Error('what is to be cached was checked again')
printResult(
  { benchmark: 'authenticate', setting: { rounds, count }, node: process.version, rows },
  values.json,
)

function expectMember(verdict: ChainVerdict): void {
  if (!verdict.accepted) throw new Error(`the member is refused: ${verdict.reason}`)
  if (!Buffer.from(verdict.eec.der).equals(user.der)) throw new Error('the member is somebody else')
}

function expectRefused(verdict: ChainVerdict, reason: string): void {
  if (verdict.accepted || verdict.reason !== reason) {
    throw new Error(`${reason} expected, not ${verdict.accepted ? 'accepted' : verdict.reason}`)
  }
}
