import { type KeyObject, sign } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { SigningKey } from '../types.ts'
import { loadSigningKey, type SigningKeyCode, SigningKeyFault } from './loadSigningKey.ts'

/** Many to-be-signed values as one message. */
export interface SignBatch {
  /** The keys that occur in the batch. */
  readonly keys: readonly SigningKey[]
  /** For each value, which of `keys` signs it, and how long it is. */
  readonly keyOf: readonly number[]
  readonly lengths: readonly number[]
  /** The values, one after another. */
  readonly bytes: Uint8Array
}

/** The answer: signatures one after another; length 0 where the key failed. */
export interface SignedBatch {
  readonly lengths: readonly number[]
  readonly bytes: Uint8Array
  /** For each key of the batch, why it failed; undefined when none did. */
  readonly faults: readonly (KeyFaultFields | undefined)[] | undefined
  readonly workSeconds: number
}

/** A SigningKeyFault as plain fields, for an error's class does not survive the way between threads. */
export interface KeyFaultFields {
  readonly code: SigningKeyCode
  readonly message: string
}

/** More than one daemon has VOs; keeps the keys of many reloads from piling up. The oldest is read anew when needed. */
const MAX_KEYS = 512
const loaded = new Map<string, KeyObject>()

/** Runs in a pool thread, which alone holds private keys. A batch without values only loads its keys. */
export default function signBatch(batch: SignBatch): SignedBatch {
  const start = performance.now()
  const faults: (KeyFaultFields | undefined)[] = []
  const keys = batch.keys.map((key, index) => attempt(faults, index, () => keyFor(key)))
  const signatures: (Uint8Array | undefined)[] = []
  let at = 0
  batch.lengths.forEach((length, item) => {
    const index = batch.keyOf[item]!
    const key = keys[index]
    const value = batch.bytes.subarray(at, at + length)
    at += length
    signatures.push(key && attempt(faults, index, () => sign(batch.keys[index]!.digest, value, key)))
  })
  return {
    lengths: signatures.map(signature => signature?.length ?? 0),
    bytes: join(signatures),
    faults: faults.length === 0 ? undefined : faults,
    workSeconds: (performance.now() - start) / 1000,
  }
}

function keyFor(key: SigningKey): KeyObject {
  const known = loaded.get(key.keyId)
  if (known !== undefined) return known
  const fresh = loadSigningKey(key)
  if (loaded.size >= MAX_KEYS) loaded.delete(loaded.keys().next().value!)
  loaded.set(key.keyId, fresh)
  return fresh
}

/** The result, or undefined with the fault noted at `index`. */
function attempt<T>(faults: (KeyFaultFields | undefined)[], index: number, run: () => T): T | undefined {
  try {
    return run()
  } catch (cause) {
    const { message } = cause as Error
    faults[index] = { code: cause instanceof SigningKeyFault ? cause.code : 'signing', message }
    return undefined
  }
}

function join(parts: readonly (Uint8Array | undefined)[]): Uint8Array {
  let size = 0
  for (const part of parts) size += part?.length ?? 0
  const out = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    if (part === undefined) continue
    out.set(part, at)
    at += part.length
  }
  return out
}
