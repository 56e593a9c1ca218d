import { concatBytes } from '../../../native-free/bytes/concat.ts'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { createAuthenticator } from '../../../src/authenticate/authenticate.ts'
import { DEFAULT_POLICY, NOW } from '../../authenticate/chainWorld.ts'
import { memoryTrust } from '../../fakes/memoryTrust.ts'
import { signingPolicyText } from '../../pki/policyText.ts'
import type { Random } from '../random.ts'
import { readFiles } from '../readCorpus.ts'
import { type FuzzTarget, insist, type Outcome } from '../target.ts'

const files = readFiles('certificate')
const [ca, user, proxy, other] = ['ca', 'user', 'proxy', 'host'].map(name => files.get(`${name}.der`)!)
const sent = [proxy!, user!]
const certificates = [...files.values()]

const trust = await memoryTrust([
  {
    ca: { der: ca!, pem: '', subject: parseCertificate(ca!).subject.der },
    signingPolicy: signingPolicyText('/C=IT/O=G/CN=CA', ['/C=IT/O=G/*']),
  },
])
// Small caches: what fills up is no leak, and eviction is to be seen too.
const cacheLimits = { members: 50, parsed: 50, passers: 50, octets: 4 * 1024 * 1024, refusals: 50 }
const { authenticate } = createAuthenticator(
  { policy: DEFAULT_POLICY, cacheLimits },
  { snapshot: () => trust, clock: { now: () => NOW } },
)

/** Certificates one after another, as they lie in a list; what is no element ends it. */
function split(list: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let at = 0; at < list.length && out.length < 64; ) {
    const length =
      list[at + 1] === 0x82 ? 4 + list[at + 2]! * 256 + list[at + 3]! : 2 + (list[at + 1]! & 0x7f)
    out.push(list.subarray(at, at + length))
    at += length
  }
  return out
}

/** Nobody gets in but the two whose certificates are in the corpus, and nobody as somebody else. */
function runChain(input: Uint8Array, random: Random): Outcome {
  const list = split(input)
  if (random.oneIn(4)) list.splice(random.below(list.length + 1), 0, random.pick(certificates))
  const verdict = authenticate(list, random.oneIn(50))
  if (!verdict.accepted) return verdict.reason
  const { eec, proxies } = verdict
  insist(
    certificates.some(one => bytesEqual(one, eec.der)),
    'a changed certificate is accepted',
  )
  for (const one of proxies)
    insist(
      certificates.some(known => bytesEqual(known, one.der)),
      'a changed proxy is accepted',
    )
  insist(bytesEqual((proxies.at(-1) ?? eec).der, list[0]!), 'somebody else than the leaf is accepted')
  return 'accepted'
}

export const chainTargets: readonly FuzzTarget[] = [
  {
    name: 'chain',
    corpus: [concatBytes(...sent), concatBytes(...sent, ca!), user!, concatBytes(proxy!, other!, user!)],
    der: true,
    run: runChain,
    weight: 4,
  },
]
