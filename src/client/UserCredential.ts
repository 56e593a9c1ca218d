import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { bytesEqual } from '../../native-free/bytes/equal.ts'
import { isProxyKind, kindOf } from '../../native-free/proxy/kindOf.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { encodePem } from '../../native-free/x509/pem.ts'
import { ClientError } from './ClientError.ts'
import type { TlsIdentity } from './connectTls.ts'

/** What a user identifies and signs with: an EEC with its key, or a proxy with its key and its chain. */
export interface UserCredential {
  /** Leaf first, each certificate once: as sent in TLS, and as written after a new proxy. */
  readonly certificates: readonly [Certificate, ...Certificate[]]
  readonly key: KeyObject
  /** The EEC of the list. */
  readonly eec: Certificate
}

/**
 * Puts certificates and a key together: leaf and proxies up to the EEC, then what else there is. Throws ClientError
 * 'credential' where the key is not the first certificate's, or where no EEC is there.
 */
export function userCredential(
  certificates: readonly Certificate[],
  key: KeyObject,
  source: string,
): UserCredential {
  const [leaf, ...rest] = certificates.filter(
    ({ der }, index) => certificates.findIndex(one => bytesEqual(one.der, der)) === index,
  )
  if (leaf === undefined) {
    throw new ClientError('credential', `${source} holds no certificate`, 'write it there, in PEM')
  }
  if (!isKeyOf(leaf, key)) {
    throw new ClientError(
      'credential',
      `the private key is not the key of ${source}`,
      'name the key that this certificate was made for, by --key',
    )
  }
  const eec = [leaf, ...rest].find(certificate => !isProxyKind(kindOf(certificate)))
  if (eec === undefined) {
    throw new ClientError(
      'credential',
      `${source} holds a proxy without the certificate that it was made from`,
    )
  }
  return { certificates: [leaf, ...rest], key, eec }
}

export function isKeyOf(certificate: Certificate, key: KeyObject): boolean {
  try {
    return new X509Certificate(certificate.der).checkPrivateKey(key)
  } catch {
    return false
  }
}

/** The credential as TLS takes it. CAs stay at home: servers have them. */
export function tlsIdentity({ certificates, key }: UserCredential): TlsIdentity {
  const sent = certificates.filter(certificate => kindOf(certificate) !== 'ca')
  return {
    certificates: sent.map(({ der }) => encodePem('CERTIFICATE', der)).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** Reads a PEM or DER private key; undefined when no key of a supported kind is in it. */
export function plainKey(key: string | { der: Uint8Array; type: 'pkcs8' }): KeyObject | undefined {
  try {
    if (typeof key === 'string') return createPrivateKey(key)
    return createPrivateKey({ key: Buffer.from(key.der), format: 'der', type: key.type })
  } catch {
    return undefined
  }
}
