import { DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'

/** The extensions of RFC 5280 4.2.1 whose content a Certificate carries parsed. */
export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

/** BasicConstraints (4.2.1.9). Refuses a negative pathLenConstraint. */
export function parseBasicConstraints(value: Uint8Array): { ca: boolean; pathLength: number | undefined } {
  const fields = enterWhole(value, TAG.sequence)
  const ca = fields.peek() === TAG.boolean && fields.boolean(true)
  const pathLength = fields.done ? undefined : fields.smallInteger(0, Number.MAX_SAFE_INTEGER)
  fields.finish()
  return { ca, pathLength }
}

/** KeyUsage (4.2.1.3): bit i of the result is bit i of the BIT STRING. Bits beyond the nine defined are dropped. */
export function parseKeyUsage(value: Uint8Array): number {
  const reader = new DerReader(value)
  const { octets } = reader.bitString()
  reader.finish()
  let usage = 0
  for (let bit = 0; bit < Math.min(9, octets.length * 8); bit++) {
    if (octets[bit >> 3]! & (0x80 >> (bit & 7))) usage |= 1 << bit
  }
  return usage
}

/** Certificates in use have up to five. */
const MAX_PURPOSES = 64

/** ExtKeyUsageSyntax (4.2.1.12): the purposes as dotted OIDs. Refuses more than 64 with PURPOSES_TOO_MANY. */
export function parseExtendedKeyUsage(value: Uint8Array): string[] {
  const list = enterWhole(value, TAG.sequence)
  const purposes: string[] = []
  while (!list.done) {
    if (purposes.length === MAX_PURPOSES) {
      throw new Refusal('PURPOSES_TOO_MANY', `more than ${MAX_PURPOSES} extended key usages`, list.at)
    }
    purposes.push(list.oid())
  }
  return purposes
}

/** SubjectKeyIdentifier (4.2.1.2). */
export function parseSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value)
  const keyIdentifier = reader.octetString()
  reader.finish()
  return keyIdentifier
}

/** The keyIdentifier of an AuthorityKeyIdentifier (4.2.1.1), or undefined when it names the issuer otherwise. */
export function parseAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const fields = enterWhole(value, TAG.sequence)
  const keyIdentifier = fields.optional(contextTag(0, false))
  while (!fields.done) fields.skip()
  return keyIdentifier
}
