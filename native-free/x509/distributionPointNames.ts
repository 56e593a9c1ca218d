import type { DerReader } from '../der/reader.ts'
import { contextTag } from '../der/tag.ts'

/**
 * The GeneralNames of a DistributionPointName (RFC 5280 4.2.1.13), each whole with its header. `choice` is a
 * cursor over that CHOICE. Undefined for a name relative to the CRL issuer, which nobody uses.
 */
export function distributionPointNames(choice: DerReader): Uint8Array[] | undefined {
  const fullName = choice.optionalEnter(contextTag(0, true))
  if (fullName === undefined) {
    choice.skip(contextTag(1, true))
    choice.finish()
    return undefined
  }
  choice.finish()
  const names: Uint8Array[] = []
  while (!fullName.done) names.push(fullName.element())
  return names
}
