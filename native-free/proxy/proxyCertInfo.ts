import { type DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'

/** policyLanguage values that are understood (RFC 3820 3.8.2; the last is the toolkit's limited proxy). */
export const POLICY_LANGUAGE = {
  anyLanguage: '1.3.6.1.5.5.7.21.0',
  inheritAll: '1.3.6.1.5.5.7.21.1',
  independent: '1.3.6.1.5.5.7.21.2',
  limited: '1.3.6.1.4.1.3536.1.1.1.9',
} as const

export interface ProxyCertInfo {
  /** How many proxies may follow; Infinity without a constraint, or with one above 2^31. */
  readonly pathLength: number
  /** Dotted OID. */
  readonly language: string
  readonly hasPolicy: boolean
}

/**
 * Parses the content of a proxyCertInfo extension: RFC 3820 3.8 has the path length first, the draft ("GSI-3") form
 * has it last under tag 1. Refuses with a DerCode, or PROXY_PATH_LENGTH for a negative length.
 */
export function parseProxyCertInfo(value: Uint8Array, form: 'rfc' | 'draft'): ProxyCertInfo {
  const fields = enterWhole(value, TAG.sequence)
  let pathLength = Number.POSITIVE_INFINITY
  if (form === 'rfc' && fields.peek() === TAG.integer) pathLength = readPathLength(fields)
  const policy = readPolicy(fields.enter(TAG.sequence))
  if (form === 'draft' && !fields.done) {
    const tagged = fields.enter(contextTag(1, true))
    pathLength = readPathLength(tagged)
    tagged.finish()
  }
  fields.finish()
  return { pathLength, ...policy }
}

function readPolicy(fields: DerReader): { language: string; hasPolicy: boolean } {
  const language = fields.oid()
  const hasPolicy = fields.optional(TAG.octetString) !== undefined
  fields.finish()
  return { language, hasPolicy }
}

function readPathLength(fields: DerReader): number {
  const length = fields.integer()
  if (length < 0n) throw new Refusal('PROXY_PATH_LENGTH', 'negative pCPathLenConstraint')
  return length > 2n ** 31n ? Number.POSITIVE_INFINITY : Number(length)
}
