import { hash } from 'node:crypto'
import { toHex } from '../../native-free/bytes/hex.ts'
import { toVomsError } from '../errors.ts'
import type { IssueDeps } from '../issue/issue.ts'
import type { AuditLog } from './createAuditLog.ts'

/** IssueDeps.beforeSign over an audit log: the intent, durable, then the AC or the failure that came of it. */
export function recordIssuance(log: Pick<AuditLog, 'intent' | 'result'>): IssueDeps['beforeSign'] {
  return async ({ tbs, content }, { id, vo, protocol, address, holder, ca }) => {
    const serial = toHex(content.serial)
    await log.intent({
      id,
      vo,
      serial,
      holder: holder ?? '',
      holderSerial: toHex(content.holderSerial),
      issuer: ca ?? '',
      fqans: content.fqans,
      notBefore: content.notBefore,
      notAfter: content.notAfter,
      tbs: hash('sha256', tbs, 'hex'),
      protocol,
      address,
    })
    return result =>
      log.result(
        'ac' in result
          ? { id, serial, ac: hash('sha256', result.ac, 'hex') }
          : { id, serial, code: toVomsError(result.failure).code },
      )
  }
}
