import { concatBytes } from '../bytes/concat.ts'
import { enterWhole } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'
import { sequence } from '../der/writer.ts'
import type { Certificate } from '../x509/certificate.ts'
import { OID_AC_SEQUENCE } from './oids.ts'
import { within } from './within.ts'

/**
 * DER of the ACs that a certificate carries in its VOMS extension, in order; none when it has no such extension.
 * The ACs themselves are not read. Refuses an extension that is not SEQUENCE { SEQUENCE OF SEQUENCE } with AC_DER.
 */
export function extractAcs(certificate: Pick<Certificate, 'extensions'>): readonly Uint8Array[] {
  const extension = certificate.extensions.find(({ oid }) => oid === OID_AC_SEQUENCE)
  if (extension === undefined) return []
  return within('AC_DER', () => {
    const outer = enterWhole(extension.value, TAG.sequence)
    const list = outer.enter(TAG.sequence)
    outer.finish()
    const acs: Uint8Array[] = []
    while (!list.done) acs.push(list.element(TAG.sequence))
    return acs
  })
}

/** The content of that extension's OCTET STRING, for a proxy that shall carry these ACs. */
export function encodeAcExtension(acs: readonly Uint8Array[]): Uint8Array {
  return sequence(sequence(concatBytes(...acs)))
}
