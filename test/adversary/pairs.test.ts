import { describe, expect, it } from 'vitest'
import { runAsync } from '../../native-free/proxy/signatureQuestion.ts'
import type { ChainVerdict } from '../../native-free/proxy/types.ts'
import { validateChain } from '../../native-free/proxy/validateChain.ts'
import { verifySignature } from '../../native-free/x509/verifySignature.ts'
import { createAuthenticator } from '../../src/authenticate/authenticate.ts'
import { type Fault, type MadeChain, makeChain, specWith } from './brokenChain.ts'
import { FAULTS } from './faults.ts'

/** Judged as the daemon does, twice, so that what is remembered of the first time does not help the second. */
function judge({ sent, resumed, snapshot, policy, now }: MadeChain): ChainVerdict {
  const { authenticate } = createAuthenticator(
    { policy },
    { snapshot: () => snapshot, clock: { now: () => now } },
  )
  const first = authenticate(sent, resumed)
  expect(reasonOf(authenticate([...sent], resumed))).toBe(reasonOf(first))
  return first
}

const reasonOf = (verdict: ChainVerdict) => (verdict.accepted ? 'ACCEPTED' : verdict.reason)

const verdictOn = async (...faults: readonly Fault[]) => {
  const spec = specWith(faults)
  return spec && reasonOf(judge(await makeChain(spec)))
}

describe('a chain of two proxies below an intermediate', () => {
  it('is accepted when nothing is wrong with it', async () => {
    const made = await makeChain(specWith([])!)
    const verdict = judge(made)
    expect(verdict.accepted && Buffer.from(verdict.eec.der).equals(made.eec.der)).toBe(true)
  })

  it.each(FAULTS)('$name: $code', async fault => {
    expect(await verdictOn(fault)).toBe(fault.code)
  })

  it('with one fault is refused for the same reason over WebCrypto', async () => {
    for (const fault of FAULTS) {
      const { sent, resumed, snapshot, policy, now } = await makeChain(specWith([fault])!)
      const rules = validateChain({ sent, sessionReused: resumed, snapshot, policy, now })
      const verdict = await runAsync(rules, ({ child, issuer }) =>
        verifySignature(crypto.subtle, child, issuer),
      )
      expect(reasonOf(verdict), fault.name).toBe(fault.code)
    }
  })
})

/** A CA is only taken for a proxy's issuer when it signed it, and a weak signature is not verified. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  'EEC with cA + p1 signed with SHA-1': ['SIGNATURE_INVALID'],
}

describe('two faults at once', () => {
  it.each(FAULTS.map((fault, index) => [fault.name, fault, index] as const))(
    '%s, and any other: refused for one of the two',
    async (_name, one, index) => {
      const surprises: string[] = []
      for (const other of FAULTS.slice(index + 1)) {
        const pair = `${one.name} + ${other.name}`
        const verdict = await verdictOn(one, other)
        const expected: readonly string[] = [one.code, other.code, ...(TOGETHER[pair] ?? [])]
        if (verdict !== undefined && !expected.includes(verdict)) surprises.push(`${pair}: ${verdict}`)
      }
      expect(surprises).toEqual([])
    },
  )

  it('are many', () => {
    let [pairs, impossible] = [0, 0]
    for (const [index, one] of FAULTS.entries()) {
      for (const other of FAULTS.slice(index + 1)) {
        pairs++
        if (specWith([one, other]) === undefined) impossible++
      }
    }
    expect(pairs - impossible).toBeGreaterThan(3000)
  })
})
