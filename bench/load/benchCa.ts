import { createCa } from '../../test/pki/createCa.ts'
import type { Credential } from '../../test/pki/issueCertificate.ts'
import { storedRsaKey } from '../../test/pki/keys.ts'

export const CA_DN = '/C=IT/O=Bench/CN=CA'

/** How long what the benchmarks are made with is good. */
export const benchDates = (now: number) => ({ from: now - 86_400, until: now + 86_400 * 30 })

/** The CA of the benchmarks. Its key is that of every process that asks, RSA-2048 like most CAs'. */
export function benchCa(now: number): Credential {
  return createCa({ subject: CA_DN, key: storedRsaKey(2048, 3), ...benchDates(now) })
}
