import { putBytes, putHeader, tlvSize } from './putDer.ts'
import type { SignatureAlgorithm } from './signatureAlgorithms.ts'

/**
 * The AttributeCertificate (RFC 5755 4.1) as DER: the signed bytes unchanged, the AlgorithmIdentifier that they
 * name inside, and the signature.
 */
export function assemble(tbs: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Uint8Array {
  const size = tbs.length + algorithm.der.length + tlvSize(signature.length + 1)
  const out = new Uint8Array(tlvSize(size))
  let at = putHeader(out, 0, 0x30, size)
  at = putBytes(out, at, tbs)
  at = putBytes(out, at, algorithm.der)
  at = putHeader(out, at, 0x03, signature.length + 1)
  out[at] = 0
  putBytes(out, at + 1, signature)
  return out
}
