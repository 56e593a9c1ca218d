import { webcrypto } from 'node:crypto'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { extractAcs } from '../../native-free/ac/extractAcs.ts'
import type { AttributeCertificate } from '../../native-free/ac/types.ts'
import { verifyAc } from '../../native-free/ac/verifyAc.ts'
import { shortForm } from '../../native-free/fqan/shortForm.ts'
import type { ChainAcceptance } from '../../native-free/proxy/types.ts'
import { Refusal } from '../../native-free/refusal.ts'
import { type LscChain, parseLsc } from '../../native-free/vomses/lsc.ts'
import type { Clock } from '../clock.ts'
import type { Authenticator } from './authenticate.ts'
import type { Vomsdir } from './trust/createVomsdir.ts'

export interface CarriedFqansDeps {
  readonly vomsdir: Vomsdir
  readonly authenticator: Pick<Authenticator, 'authenticate'>
  readonly clock: Clock
}

/** How far clocks of VOMS servers may be apart; what all clients allow. */
const SKEW_SECONDS = 300

/** A chain carries one AC per VO, a handful in practice; each costs a signature and a chain to verify. */
const MAX_ACS = 16

const NONE: ReadonlySet<string> = new Set()

/**
 * The FQANs of one VO, in short form, that the client already carries in ACs of its proxies; empty when none of
 * them counts. Looked for in the certificate closest to the EEC that has any. They are verified in order, up to
 * the first that fails: signer's chain, signer by this server's own vomsdir, signature, dates. Whose they are and
 * their targets do not matter, since they only ever take away.
 */
export async function carriedFqans(
  chain: ChainAcceptance,
  vo: string,
  deps: CarriedFqansDeps,
): Promise<ReadonlySet<string>> {
  const fqans = new Set<string>()
  for (const der of findAcs(chain)) {
    const ac = readAc(der)
    if (ac === undefined || !(await isVerified(ac, deps))) break
    if (ac.vo === vo) for (const fqan of ac.fqans) fqans.add(shortForm(fqan))
  }
  return fqans.size === 0 ? NONE : fqans
}

function findAcs(chain: ChainAcceptance): readonly Uint8Array[] {
  for (const certificate of [chain.eec, ...chain.proxies]) {
    const acs = readExtension(certificate)
    if (acs.length > 0) return acs.slice(0, MAX_ACS)
  }
  return []
}

function readExtension(certificate: ChainAcceptance['eec']): readonly Uint8Array[] {
  return orRefused(() => extractAcs(certificate)) ?? []
}

function readAc(der: Uint8Array): AttributeCertificate | undefined {
  return orRefused(() => decodeAc(der))
}

/** The signer first: what it costs to verify under a key that nobody vouches for is up to whoever made it. */
async function isVerified(ac: AttributeCertificate, deps: CarriedFqansDeps): Promise<boolean> {
  const signer = deps.authenticator.authenticate(ac.certificates, false)
  if (!signer.accepted || signer.proxies.length > 0) return false
  const verdict = await verifyAc(webcrypto.subtle, ac, {
    lscChains: await lscChains(ac, deps.vomsdir),
    trust: () => true,
    now: deps.clock.now(),
    skewSeconds: SKEW_SECONDS,
    holder: undefined,
    target: undefined,
    requireExtensions: false,
  })
  return verdict.valid
}

async function lscChains(ac: AttributeCertificate, vomsdir: Vomsdir): Promise<readonly LscChain[]> {
  const host = ac.uri.slice(0, ac.uri.lastIndexOf(':'))
  const text = await vomsdir.lscText(ac.vo, host)
  return text === undefined ? [] : (orRefused(() => parseLsc(text)) ?? [])
}

/** What a reader gives, or undefined where it refuses. */
function orRefused<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (refusal) {
    if (refusal instanceof Refusal) return undefined
    throw refusal
  }
}
