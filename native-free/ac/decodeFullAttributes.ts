import { bytesToLatin1 } from '../bytes/latin1.ts'
import { DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import type { GenericAttribute } from './types.ts'
import { within } from './within.ts'

const URI = contextTag(6, false)

/**
 * The generic attributes of a full attributes extension:
 * SEQUENCE { SEQUENCE OF { SEQUENCE { grantor GeneralNames, SEQUENCE OF { name, value, qualifier } } } }.
 * Old servers write an empty value, or empty SEQUENCEs: no attributes. Refuses with AC_FULL_ATTRIBUTES.
 */
export function decodeFullAttributes(value: Uint8Array): readonly GenericAttribute[] {
  if (value.length === 0) return []
  return within('AC_FULL_ATTRIBUTES', () => {
    const outer = enterWhole(value, TAG.sequence)
    const attributes: GenericAttribute[] = []
    const providers = outer.optionalEnter(TAG.sequence) ?? new DerReader(value, value.length)
    outer.finish()
    while (!providers.done) readProvider(providers.enter(TAG.sequence), attributes)
    return attributes
  })
}

function readProvider(provider: DerReader, attributes: GenericAttribute[]): void {
  const grantor = provider.enter(TAG.sequence)
  grantor.skip(URI)
  grantor.finish()
  const list = provider.enter(TAG.sequence)
  provider.finish()
  while (!list.done) {
    const attribute = list.enter(TAG.sequence)
    const name = text(attribute.octetString())
    const value = text(attribute.octetString())
    const qualifier = text(attribute.octetString())
    attribute.finish()
    attributes.push({ name, value, qualifier })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8, as we write it; other servers copy what their database holds, which is ISO 8859-1 when it is not. */
function text(octets: Uint8Array): string {
  try {
    return utf8.decode(octets)
  } catch {
    return bytesToLatin1(octets)
  }
}
