import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { onelineF0 } from '../../native-free/dn/oneline.ts'
import { runAsync } from '../../native-free/proxy/signatureQuestion.ts'
import type {
  ChainAcceptance,
  ChainPolicy,
  ChainVerdict,
  ReasonCode,
  TrustSnapshot,
} from '../../native-free/proxy/types.ts'
import { validateChain } from '../../native-free/proxy/validateChain.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import { verifySignature } from '../../native-free/x509/verifySignature.ts'
import { createAuthenticator } from '../../src/authenticate/authenticate.ts'
import { loadTrustDirectory, NOTHING_LOADED } from '../../src/authenticate/trust/loadTrustDirectory.ts'
import { TABLES } from '../../src/config/schema.ts'
import { memoryTrust } from '../fakes/memoryTrust.ts'
import { createCa } from '../pki/createCa.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { type EecOptions, issueEec } from '../pki/issueEec.ts'
import { issueProxy, type ProxyOptions } from '../pki/issueProxy.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { type TrustEntry, writeTrustDirectory } from '../pki/trustDirectory.ts'

/** The world of the test matrix: one root, two users, proxies of a day; everything judged at NOW. */
export const NOW = Date.UTC(2026, 5, 1, 12) / 1000
export const YEAR = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
export const DAY = { from: '2026-06-01T00:00:00Z', until: '2026-06-02T00:00:00Z' }
export const CA_DN = '/C=IT/O=G/CN=CA'

export const CA = createCa({ subject: CA_DN, ...YEAR })
export const POLICY_TEXT = signingPolicyText(CA_DN, ['/C=IT/O=G/*'])
export const ROOT: TrustEntry & { ca: Credential } = { ca: CA, signingPolicy: POLICY_TEXT }

export const eec = (cn = 'u', options: Partial<EecOptions> = {}, ca: Credential = CA) =>
  issueEec(ca, { subject: `/C=IT/O=G/CN=${cn}`, ...YEAR, ...options })
export const proxy = (issuer: Credential, options: Partial<ProxyOptions> = {}) =>
  issueProxy(issuer, { ...DAY, ...options })
/** A chain of proxies below `issuer`, leaf first, `issuer` last. */
export function proxies(issuer: Credential, ...levels: readonly Partial<ProxyOptions>[]): Credential[] {
  const chain = [issuer]
  for (const level of levels) chain.unshift(proxy(chain[0]!, level))
  return chain
}

export const U = eec('u')
export const V = eec('v')

/** What the shipped configuration has. */
export const DEFAULT_POLICY: ChainPolicy = TABLES.authentication.parse({})

export interface ChainRow {
  /** Row of the matrix, and what is particular to the case. */
  readonly name: string
  readonly sent: readonly (Credential | Uint8Array)[]
  readonly expect: ReasonCode | 'ACCEPT' | 'ACCEPT limited'
  readonly policy?: Partial<ChainPolicy>
  readonly trust?: readonly (TrustEntry & { ca: Credential })[]
  /** Whose identity comes out; default U. */
  readonly as?: Credential
  readonly validUntil?: number
  /** WebCrypto lacks the algorithm (SHA-224, Ed448), so that verdict differs. */
  readonly notInWebCrypto?: boolean
  /** The loader has a part in it: what it skips, what files of one name share. */
  readonly onlyInDirectory?: boolean
}

/**
 * Judges each row three ways, which must agree: over a trust directory with node:crypto, cold; the same again from
 * the caches; over a snapshot in memory with WebCrypto.
 */
export function testChains(rows: readonly ChainRow[]): void {
  it.each(rows)('$name', async row => {
    const sent = row.sent.map(one => (one instanceof Uint8Array ? one : one.der))
    const policy = { ...DEFAULT_POLICY, ...row.policy }
    const trust = row.trust ?? [ROOT]
    const { authenticate } = createAuthenticator(
      { policy },
      { snapshot: constant(await directoryTrust(trust)), clock: { now: () => NOW } },
    )
    expectVerdict(authenticate(sent, false), row)
    expectVerdict(authenticate([...sent], false), row)
    if (row.notInWebCrypto || row.onlyInDirectory) return
    expectVerdict(await validateWithWebCrypto(sent, await memoryTrust(trust), policy), row)
  })
}

export function validateWithWebCrypto(
  sent: readonly Uint8Array[],
  snapshot: TrustSnapshot,
  policy: ChainPolicy,
): Promise<ChainVerdict> {
  const rules = validateChain({ sent, sessionReused: false, snapshot, policy, now: NOW })
  return runAsync(rules, ({ child, issuer }) => verifySignature(crypto.subtle, child, issuer))
}

export function expectVerdict(verdict: ChainVerdict, row: Omit<ChainRow, 'name' | 'sent'>): void {
  expect(summary(verdict)).toBe(row.expect)
  if (!verdict.accepted) return
  const as = row.as ?? U
  expect(onelineF0(verdict.eec.subject)).toBe(onelineF0(parseName(as.subject)))
  expect(Buffer.from(verdict.eec.der)).toEqual(Buffer.from(as.der))
  if (row.validUntil !== undefined) expect(verdict.validUntil).toBe(row.validUntil)
}

function summary(verdict: ChainVerdict): string {
  if (!verdict.accepted) return verdict.reason
  return verdict.limited ? 'ACCEPT limited' : 'ACCEPT'
}

export function accepted(verdict: ChainVerdict): ChainAcceptance {
  if (!verdict.accepted) throw new Error(`${verdict.reason}: ${verdict.detail}`)
  return verdict
}

/** The snapshot that the loader makes of these entries, or of a folder that `change` has had its way with. */
export async function directoryTrust(
  entries: readonly TrustEntry[],
  change: (folder: string) => void = () => {},
): Promise<TrustSnapshot> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-chains-'))
  try {
    writeTrustDirectory(folder, entries)
    change(folder)
    const load = await loadTrustDirectory(folder, NOTHING_LOADED, { clock: { now: () => NOW } })
    return load.snapshot
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const constant =
  <T>(value: T) =>
  () =>
    value
