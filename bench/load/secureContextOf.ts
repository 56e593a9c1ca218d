import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { PemPaths } from './benchWorld.ts'

/**
 * What a client shows, read from its files.
 * @param ecdhCurve groups that it offers; OpenSSL's own without it
 */
export function secureContextOf({ certificate, key }: PemPaths, ecdhCurve?: string): SecureContext {
  return createSecureContext({
    cert: readFileSync(certificate),
    key: readFileSync(key),
    ...(ecdhCurve !== undefined && { ecdhCurve }),
  })
}
