import type { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import type { Extension } from './certificate.ts'

/** Certificates in use have some fifteen. */
const MAX_EXTENSIONS = 64

/**
 * Reads the Extensions (RFC 5280 4.1.2.9) at the cursor: of a certificate, a CRL, a CRL entry or an AC. Refuses an
 * empty list, one of more than 64, and any OID that occurs twice (RFC 5280 4.2).
 */
export function readExtensions(reader: DerReader): Extension[] {
  const list = reader.enter(TAG.sequence)
  if (list.done) throw new Refusal('EXTENSIONS_EMPTY', 'list of extensions is empty', list.at)
  const extensions: Extension[] = []
  const seen = new Set<string>()
  while (!list.done) {
    const start = list.at
    const extension = readExtension(list.enter(TAG.sequence))
    if (seen.has(extension.oid)) {
      throw new Refusal('EXTENSION_TWICE', `extension ${extension.oid} occurs twice`, start)
    }
    if (extensions.length === MAX_EXTENSIONS) {
      throw new Refusal('EXTENSIONS_TOO_MANY', `more than ${MAX_EXTENSIONS} extensions`, start)
    }
    seen.add(extension.oid)
    extensions.push(extension)
  }
  return extensions
}

function readExtension(fields: DerReader): Extension {
  const oid = fields.oid()
  const critical = fields.peek() === TAG.boolean && fields.boolean(true)
  const value = fields.octetString()
  fields.finish()
  return { oid, critical, value }
}
