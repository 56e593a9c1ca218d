import type { Certificate } from '../x509/certificate.ts'
import type { ChainRefusal, ReasonCode } from './types.ts'

/** Makes a refusal of a chain; `detail` is for the log, never for the client. */
export function refuseChain(reason: ReasonCode, detail: string, certificate?: Certificate): ChainRefusal {
  return { accepted: false, reason, detail, certificate }
}
