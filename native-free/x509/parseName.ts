import { refuseDer } from '../der/derCode.ts'
import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import { canonicalRdn, type RawAva } from './canonicalRdn.ts'
import type { Ava, Name } from './name.ts'

/** More than any certificate that is received may hold; keeps a Name's length within 24 bits. */
const MAX_NAME_OCTETS = 1 << 20
/**
 * Attributes of one Name. The longest DNs in use have some twenty, and each proxy adds one; as objects they take
 * fifty times the memory that they take in a certificate, which anybody may send.
 */
const MAX_ATTRIBUTES = 128

/**
 * Reads a Name that `der` must be whole, header included. Refuses with a DerCode what is no DER, an RDN without
 * attribute, and strings that are not text of their type; with NAME_TOO_LONG one of more than 128 attributes.
 */
export function parseName(der: Uint8Array): Name {
  const reader = new DerReader(der)
  const name = readName(reader)
  reader.finish()
  return name
}

/** Reads the Name at the cursor. */
export function readName(reader: DerReader): Name {
  const start = reader.at
  const sequence = reader.enter(TAG.sequence)
  const der = reader.bytes.subarray(start, sequence.end)
  if (der.length > MAX_NAME_OCTETS) throw refuseDer('DER_LENGTH_BEYOND_INPUT', 'Name above 1 MiB', start)
  const rdns: Ava[][] = []
  let canonical = ''
  let room = MAX_ATTRIBUTES
  while (!sequence.done) {
    const rdn = readRdn(sequence.enter(TAG.set), room)
    room -= rdn.length
    canonical += canonicalRdn(rdn)
    rdns.push(rdn)
  }
  return { der, rdns, canonical }
}

function readRdn(set: DerReader, room: number): (Ava & RawAva)[] {
  if (set.done) throw refuseDer('DER_TRUNCATED', 'RDN without attribute', set.at)
  const avas: (Ava & RawAva)[] = []
  while (!set.done) {
    if (avas.length >= room) {
      throw new Refusal('NAME_TOO_LONG', `Name of more than ${MAX_ATTRIBUTES} attributes`, set.at)
    }
    avas.push(readAva(set.enter(TAG.sequence)))
  }
  return avas
}

function readAva(ava: DerReader): Ava & RawAva {
  const start = ava.at
  const oid = ava.oid()
  const typeDer = ava.bytes.subarray(start, ava.at)
  const tag = ava.peek()
  const value = ava.next(tag)
  ava.finish()
  return { oid, tag, value, typeDer }
}
