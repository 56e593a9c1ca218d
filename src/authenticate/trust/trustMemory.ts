import { crlUsableUntil } from '../../../native-free/revocation/selectCrl.ts'
import type { TrustFileName } from './trustFileName.ts'
import type { CaObject, CrlObject, PolicyObject, TrustObject } from './trustObject.ts'

export type UsefulObject = CaObject | CrlObject | PolicyObject

/** What one file of the directory contributes. */
export interface TrustSlot {
  readonly file: TrustFileName
  /** Undefined: the file is there but cannot be used, and nothing stands in for it. */
  readonly object: UsefulObject | undefined
  /** SHA-256 of the content that `object` was made of. */
  readonly digest: string
  /** Whether `object` is of an earlier load and stands in for what the file holds now. */
  readonly standsIn: boolean
}

/** How new a CRL is; see isNewer. */
export interface CrlAge {
  readonly number: bigint | undefined
  readonly thisUpdate: number
}

/** What one load hands to the next, and no more: it holds objects in use, so repeated loads do not pile up. */
export interface TrustMemory {
  /** Everything parsed in this load, by kind and digest, useless content included. */
  readonly parsed: ReadonlyMap<string, TrustObject>
  /** The last good object of each file name still present. */
  readonly good: ReadonlyMap<string, TrustSlot>
  /** The newest CRL ever seen, by the key that signed it and its scope. */
  readonly newestCrls: ReadonlyMap<string, CrlAge>
  /** Equal for two loads that came to the same content. */
  readonly contentKey: string
}

export const NO_MEMORY: TrustMemory = {
  parsed: new Map(),
  good: new Map(),
  newestCrls: new Map(),
  contentKey: '',
}

/** Whether an object of an earlier load may still stand in for a damaged file. */
export function isUsable(object: UsefulObject, now: number): boolean {
  if (object.kind === 'ca') return object.certificate.notAfter >= now
  if (object.kind === 'crl') return crlUsableUntil(object.crl, 0) >= now
  return true
}
