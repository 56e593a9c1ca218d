import { decodeOid } from '../der/oid.ts'
import { type DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import type { Crl } from './crl.ts'
import { crlScope } from './crlScope.ts'
import { readName } from './parseName.ts'
import { readAlgorithm } from './readAlgorithm.ts'
import { readExtensions } from './readExtensions.ts'
import { CRL_ENTRIES_PER_STEP, fillSerialIndex } from './serialIndex.ts'

/** CRLs of the largest public CAs have some 40 MB; offsets of entries must also fit 32 bits. */
export const MAX_CRL_BYTES = 64 * 1024 * 1024

/** Extensions become objects, entries do not; real ones have some hundred octets. */
const MAX_EXTENSION_OCTETS = 64 * 1024

/** Extensions of an entry (RFC 5280 5.3) that change nothing for us, critical or not. */
const HARMLESS_IN_ENTRY = new Set([
  '2.5.29.21', // reasonCode
  '2.5.29.23', // holdInstructionCode
  '2.5.29.24', // invalidityDate
])

/**
 * Reads one DER CRL of up to MAX_CRL_BYTES and retains `der`. Refuses what is malformed (DER codes, CRL_...);
 * what is well-formed but cannot be judged by has `unsupported` set. RFC 5280 5.
 */
export function parseCrl(der: Uint8Array): Crl {
  const steps = parseCrlSteps(der)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same in slices: awaits `pause` about every millisecond of work, so that large lists block nothing. */
export async function parseCrlInSlices(der: Uint8Array, pause: () => Promise<unknown>): Promise<Crl> {
  const steps = parseCrlSteps(der)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await pause()
  }
}

function* parseCrlSteps(der: Uint8Array): Generator<undefined, Crl, undefined> {
  if (der.length > MAX_CRL_BYTES) throw new Refusal('CRL_TOO_LARGE', `CRL of ${der.length} bytes`)
  const outer = enterWhole(der, TAG.sequence)
  const tbs = outer.element(TAG.sequence)
  const signatureAlgorithm = readAlgorithm(outer)
  const signature = outer.bitStringOctets()
  outer.finish()

  const list = enterWhole(tbs, TAG.sequence)
  const version = list.peek() === TAG.integer ? list.smallInteger(1, 1) + 1 : 1
  const tbsSignatureAlgorithm = readAlgorithm(list).der
  const issuer = readName(list)
  const thisUpdate = list.time()
  const hasNextUpdate = list.peek() === TAG.utcTime || list.peek() === TAG.generalizedTime
  const nextUpdate = hasNextUpdate ? list.time() : undefined
  const entries = list.optionalEnter(TAG.sequence)
  const wrapper = list.optionalEnter(contextTag(0, true))
  list.finish()
  if (wrapper && version === 1) throw new Refusal('CRL_VERSION', 'a version 1 CRL has extensions')
  if (wrapper && wrapper.end - wrapper.at > MAX_EXTENSION_OCTETS) {
    throw new Refusal('CRL_EXTENSIONS_LARGE', 'the extensions of the CRL are too large')
  }
  const scope = crlScope(wrapper ? readExtensions(wrapper) : [])
  wrapper?.finish()

  const walk = new EntryWalk(entries)
  while (!walk.step()) yield
  const index = yield* fillSerialIndex(tbs, walk.offsets, walk.count)
  return {
    der,
    tbs,
    issuer,
    thisUpdate,
    nextUpdate,
    signatureAlgorithm,
    tbsSignatureAlgorithm,
    signature,
    ...scope,
    unsupported: scope.unsupported ?? walk.unsupported,
    entryCount: walk.count,
    isListed: serial => index.has(serial),
  }
}

/** One pass over revokedCertificates that makes no object per entry: it notes where each serial stands. */
class EntryWalk {
  /** Offset of each entry's serial INTEGER in the reader's bytes; the first `count` are set. */
  offsets = new Uint32Array(1024)
  count = 0
  unsupported: string | undefined
  private readonly reader: DerReader | undefined

  constructor(reader: DerReader | undefined) {
    this.reader = reader
  }

  /** Walks over at most CRL_ENTRIES_PER_STEP entries; true when there are no more. */
  step(): boolean {
    const { reader } = this
    if (reader === undefined) return true
    for (let n = 0; n < CRL_ENTRIES_PER_STEP; n++) {
      if (reader.done) return true
      this.entry(reader)
    }
    return reader.done
  }

  private entry(reader: DerReader): void {
    const start = reader.at
    reader.skip(TAG.sequence)
    const end = reader.at
    reader.at = contentOffset(reader.bytes, start)
    this.note(reader.bytes, reader.at)
    reader.skip(TAG.integer)
    reader.skip(reader.peek() === TAG.generalizedTime ? TAG.generalizedTime : TAG.utcTime)
    if (reader.at < end) {
      const extensions = reader.at
      reader.skip(TAG.sequence)
      if (reader.at === end) this.extensions(reader, extensions, end)
    }
    // The cursor is bounded by the list alone, so that entries need no cursor of their own.
    if (reader.at !== end) throw new Refusal('CRL_ENTRY', 'an entry does not fill its SEQUENCE', start)
  }

  private note(bytes: Uint8Array, offset: number): void {
    const length = bytes[offset + 1] ?? 0
    if (length === 0 || length > 127) throw new Refusal('CRL_ENTRY', 'serial of bad length', offset)
    if (this.count === this.offsets.length) {
      const larger = new Uint32Array(this.offsets.length * 2)
      larger.set(this.offsets)
      this.offsets = larger
    }
    this.offsets[this.count++] = offset
  }

  /** Looks for critical extensions in the SEQUENCE that fills [start, end), and leaves the cursor at its end. */
  private extensions(reader: DerReader, start: number, end: number): void {
    const { bytes } = reader
    reader.at = contentOffset(bytes, start)
    while (reader.at < end) {
      const extension = contentOffset(bytes, reader.at)
      reader.skip(TAG.sequence)
      const extensionEnd = reader.at
      reader.at = extension
      reader.skip(TAG.oid)
      const oidEnd = reader.at
      const critical = reader.peek() === TAG.boolean && reader.boolean(true)
      reader.skip(TAG.octetString)
      if (reader.at !== extensionEnd) throw new Refusal('CRL_ENTRY', 'malformed entry extension', extension)
      if (critical) this.criticalExtension(decodeOid(bytes, contentOffset(bytes, extension), oidEnd))
    }
  }

  private criticalExtension(oid: string): void {
    if (!HARMLESS_IN_ENTRY.has(oid)) this.unsupported ??= `critical entry extension ${oid}`
  }
}

/** Where the content of the element at `start` begins; its header has been checked. */
function contentOffset(bytes: Uint8Array, start: number): number {
  const length = bytes[start + 1]!
  return start + 2 + (length < 0x80 ? 0 : length & 0x7f)
}
