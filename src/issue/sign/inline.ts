import { sign } from 'node:crypto'
import { VomsError } from '../../errors.ts'
import { spend } from '../prepare.ts'
import type { Signer, SigningKey } from '../types.ts'
import { loadSigningKey } from './loadSigningKey.ts'

/** Signs in this thread, one after another, so that it has no queue. Throws SigningKeyFault for a bad key. */
export function createInlineSigner(key: SigningKey): Signer {
  const privateKey = loadSigningKey(key)
  let closed = false
  return {
    async sign(prepared) {
      if (closed) throw new VomsError('internal', {}, new Error('the signer is closed'))
      return sign(key.digest, spend(prepared, key), privateKey)
    },
    async close() {
      closed = true
    },
  }
}
