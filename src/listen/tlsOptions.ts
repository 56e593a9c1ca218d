import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

/** One TLS credential in PEM, as read from its files. */
export interface TlsCredential {
  readonly certificate: Buffer
  readonly key: Buffer
}

/**
 * TLS as grid clients need it and grid rules want it. With an RSA and an ECDSA credential, clients that can do
 * ECDSA get the cheaper handshake, in TLS 1.2 too.
 *
 * `ca: []` sends no acceptable-CA names: a proxy's issuer is never a CA, and clients that filter by issuer
 * would withhold it. OpenSSL proves possession of the leaf's key and nothing else; the chain is judged by
 * src/authenticate.
 */
export function tlsOptions(credentials: readonly TlsCredential[]): SecureContextOptions {
  return {
    key: credentials.map(credential => credential.key),
    cert: credentials.map(credential => credential.certificate),
    ca: [],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    honorCipherOrder: true,
    ciphers: CIPHERS,
    // A resumed session has lost the client's chain, and a renegotiated one may show another certificate.
    secureOptions:
      constants.SSL_OP_NO_TICKET |
      constants.SSL_OP_NO_RENEGOTIATION |
      constants.SSL_OP_NO_COMPRESSION |
      constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  }
}

/** Throws what OpenSSL says of a certificate or key that it cannot use, or of two that do not belong together. */
export function tlsContext(credentials: readonly TlsCredential[]): SecureContext {
  return createSecureContext(tlsOptions(credentials))
}

// Forward-secret suites only, ECDSA before RSA; the CBC forms with SHA-2 are for old Java and GSI stacks.
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
].join(':')
