import { refuseDer } from './derCode.ts'

/** Real OIDs stay below 40 content octets; the cap keeps the cost of a hostile one small. */
const MAX_OID_OCTETS = 128
/** Above this an arc cannot take seven more bits and stay exact as a number. */
const LAST_EXACT = 2 ** 46

/**
 * Decodes the content octets bytes[from, to) of an OBJECT IDENTIFIER to dotted form (X.690 8.19).
 * Refuses with DER_BAD_OID: empty, cut off, padded arcs, above 128 octets.
 */
export function decodeOid(bytes: Uint8Array, from = 0, to = bytes.length): string {
  if (to <= from || to - from > MAX_OID_OCTETS) throw refuseDer('DER_BAD_OID', 'OID of bad length', from)
  if (bytes[to - 1]! & 0x80) throw refuseDer('DER_BAD_OID', 'OID cut off', from)
  let text = ''
  let at = from
  while (at < to) {
    if (bytes[at] === 0x80) throw refuseDer('DER_BAD_OID', 'OID arc with padding', at)
    let arc = 0
    let octet = 0
    do {
      if (arc > LAST_EXACT) return decodeLargeOid(bytes, from, to)
      octet = bytes[at++]!
      arc = arc * 128 + (octet & 0x7f)
    } while (octet & 0x80)
    text = text === '' ? firstArcs(arc) : `${text}.${arc}`
  }
  return text
}

function firstArcs(arc: number): string {
  if (arc < 40) return `0.${arc}`
  return arc < 80 ? `1.${arc - 40}` : `2.${arc - 80}`
}

/** The same with arcs of any size, for example UUID arcs under 2.25. */
function decodeLargeOid(bytes: Uint8Array, from: number, to: number): string {
  const arcs: bigint[] = []
  let arc = 0n
  for (let at = from, start = true; at < to; at++) {
    const octet = bytes[at]!
    if (start && octet === 0x80) throw refuseDer('DER_BAD_OID', 'OID arc with padding', at)
    arc = arc * 128n + BigInt(octet & 0x7f)
    start = (octet & 0x80) === 0
    if (start) {
      arcs.push(arc)
      arc = 0n
    }
  }
  const first = arcs[0]!
  const head = first < 80n ? firstArcs(Number(first)) : `2.${first - 80n}`
  return [head, ...arcs.slice(1)].join('.')
}

/** Encodes a dotted OID to content octets. Refuses with DER_BAD_OID what is not a canonical dotted OID. */
export function encodeOid(dotted: string): Uint8Array<ArrayBuffer> {
  if (dotted.length > 600 || !/^[0-2](\.(0|[1-9][0-9]*))+$/.test(dotted)) {
    throw refuseDer('DER_BAD_OID', 'not a dotted OID')
  }
  const [root, second, ...rest] = dotted.split('.').map(BigInt) as [bigint, bigint, ...bigint[]]
  if (root < 2n && second > 39n) throw refuseDer('DER_BAD_OID', 'second arc above 39')
  const octets = [root * 40n + second, ...rest].flatMap(base128)
  if (octets.length > MAX_OID_OCTETS) throw refuseDer('DER_BAD_OID', 'OID too long')
  return new Uint8Array(octets)
}

function base128(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80)
  return octets
}
