import type { Certificate } from '../x509/certificate.ts'
import { signatureScheme } from '../x509/signatureScheme.ts'
import { refuseChain } from './refuseChain.ts'
import type { ChainPolicy, ChainRefusal } from './types.ts'

const MAX_RSA_EXPONENT = 2n ** 33n

/** Refuses a signature made with a broken hash, or by an algorithm that is not known; not asked of roots. */
export function checkSignatureAlgorithm(certificate: Certificate): ChainRefusal | undefined {
  const scheme = signatureScheme(certificate.signatureAlgorithm)
  const { oid } = certificate.signatureAlgorithm
  if (scheme === 'weak') return refuseChain('WEAK_SIGNATURE', `signature algorithm ${oid}`, certificate)
  if (scheme === 'unsupported') {
    return refuseChain('UNSUPPORTED_ALGORITHM', `signature algorithm ${oid}`, certificate)
  }
  return undefined
}

/** Refuses a key that is too weak, too costly to verify with, or of an unknown kind. `minRsaBits` in bits. */
export function checkKeyStrength(
  certificate: Certificate,
  minRsaBits: number,
  { maxRsaBits }: Pick<ChainPolicy, 'maxRsaBits'>,
): ChainRefusal | undefined {
  const { key } = certificate
  if (key.kind === 'other')
    return refuseChain('UNSUPPORTED_ALGORITHM', `key algorithm ${key.oid}`, certificate)
  if (key.kind === 'ec' && key.curve === 'other') {
    return refuseChain('WEAK_KEY', 'a curve other than P-256, P-384 and P-521', certificate)
  }
  if (key.kind !== 'rsa') return undefined
  if (key.bits < minRsaBits || key.bits > maxRsaBits) {
    return refuseChain('WEAK_KEY', `RSA of ${key.bits} bits`, certificate)
  }
  if (key.exponent < 3n || key.exponent >= MAX_RSA_EXPONENT || key.exponent % 2n === 0n) {
    return refuseChain('WEAK_KEY', `RSA exponent ${key.exponent}`, certificate)
  }
  return undefined
}
