import { concatBytes } from '../../native-free/bytes/concat.ts'
import { refuseDer } from '../../native-free/der/derCode.ts'
import type { DerReader } from '../../native-free/der/reader.ts'
import { TAG } from '../../native-free/der/tag.ts'
import * as w from '../../native-free/der/writer.ts'

/** Reads everything there is by its type, and puts it together again. */
export function recode(reader: DerReader): Uint8Array {
  const parts: Uint8Array[] = []
  while (!reader.done) parts.push(recodeOne(reader))
  reader.finish()
  return concatBytes(...parts)
}

function recodeOne(reader: DerReader): Uint8Array {
  const tag = reader.peek()
  switch (tag) {
    case TAG.boolean:
      return w.boolean(reader.boolean())
    case TAG.integer:
      return w.integer(reader.integer())
    case TAG.enumerated:
      return w.tlv(tag, reader.integerOctets(tag))
    case TAG.bitString: {
      const { octets, unused } = reader.bitString()
      return w.bitString(octets, unused)
    }
    case TAG.null:
      reader.null()
      return w.nullValue()
    case TAG.oid:
      return w.oid(reader.oid())
    case TAG.universalString:
    case TAG.bmpString: {
      const octets = reader.next(tag)
      const each = tag === TAG.bmpString ? 2 : 4
      if (octets.length % each !== 0) throw refuseDer('DER_BAD_STRING', 'a part of a character')
      return w.tlv(tag, octets)
    }
    case TAG.utcTime:
      return w.utcTime(reader.utcTime())
    case TAG.generalizedTime:
      return w.generalizedTime(reader.generalizedTime())
    default:
      return w.tlv(tag, tag & 0x20 ? recode(reader.enter(tag)) : reader.next(tag))
  }
}
