import { Refusal } from '../refusal.ts'
import { type AcCode, refuseAc } from './acCode.ts'

/** Runs a read of one field: what it refuses as DER becomes that field's AcCode, at the same offset. */
export function within<T>(code: AcCode, read: () => T): T {
  try {
    return read()
  } catch (refusal) {
    if (refusal instanceof Refusal && refusal.code.startsWith('DER_')) {
      throw refuseAc(code, refusal.message, refusal.at)
    }
    throw refusal
  }
}
