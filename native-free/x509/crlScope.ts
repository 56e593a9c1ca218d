import { DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import type { Extension } from './certificate.ts'
import type { CrlScope } from './crl.ts'
import { distributionPointNames } from './distributionPointNames.ts'

const CRL_NUMBER = '2.5.29.20'
const DELTA_CRL_INDICATOR = '2.5.29.27'
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28'

/** Extensions of the list that need no judgement from us when critical: they name the issuer or other places. */
const HARMLESS_IN_LIST = new Set([
  '2.5.29.18', // issuerAltName
  '2.5.29.35', // authorityKeyIdentifier
  '2.5.29.46', // freshestCRL
  '1.3.6.1.5.5.7.1.1', // authorityInfoAccess
])

const MAX_NUMBER_OCTETS = 32

const NOTHING: CrlScope = {
  number: undefined,
  unsupported: undefined,
  onlyUserCerts: false,
  onlyCaCerts: false,
  distributionPoint: undefined,
}

/**
 * What the extensions of a CRL say (RFC 5280 5.2). Refuses malformed ones; what is well-formed but beyond us ends
 * in `unsupported`.
 */
export function crlScope(extensions: readonly Extension[]): CrlScope {
  return extensions.reduce(withExtension, NOTHING)
}

function withExtension(scope: CrlScope, { oid, critical, value }: Extension): CrlScope {
  if (oid === CRL_NUMBER) return { ...scope, number: crlNumber(value) }
  if (oid === DELTA_CRL_INDICATOR) return unsupported(scope, 'it is a delta CRL')
  if (oid === ISSUING_DISTRIBUTION_POINT) return withDistributionPoint(scope, value)
  if (!critical || HARMLESS_IN_LIST.has(oid)) return scope
  return unsupported(scope, `critical extension ${oid}`)
}

function crlNumber(value: Uint8Array): bigint {
  // RFC 5280 5.2.3 allows 20 octets. A large one would cost, a negative one would order wrongly.
  if (value.length > MAX_NUMBER_OCTETS + 2) throw new Refusal('CRL_NUMBER_RANGE', 'CRLNumber too long')
  const reader = new DerReader(value)
  const number = reader.integer()
  reader.finish()
  if (number < 0n) throw new Refusal('CRL_NUMBER_RANGE', 'CRLNumber is negative')
  return number
}

/** IssuingDistributionPoint (RFC 5280 5.2.5). */
function withDistributionPoint(scope: CrlScope, value: Uint8Array): CrlScope {
  const point = enterWhole(value, TAG.sequence)
  const name = point.optionalEnter(contextTag(0, true))
  const names = name && distributionPointNames(name)
  const [onlyUserCerts, onlyCaCerts] = [flag(point, 1), flag(point, 2)]
  const onlySomeReasons = point.optional(contextTag(3, false)) !== undefined
  const [indirect, onlyAttributeCerts] = [flag(point, 4), flag(point, 5)]
  point.finish()

  const limited = { ...scope, onlyUserCerts, onlyCaCerts, distributionPoint: names }
  if (indirect) return unsupported(limited, 'it is an indirect CRL')
  if (onlySomeReasons) return unsupported(limited, 'it covers only some reasons')
  if (onlyAttributeCerts) return unsupported(limited, 'it covers only attribute certificates')
  if (name && names === undefined) return unsupported(limited, 'its distribution point has a relative name')
  return limited
}

function flag(point: DerReader, tagNumber: number): boolean {
  const tag = contextTag(tagNumber, false)
  return point.peek() === tag && point.boolean(true, tag)
}

function unsupported(scope: CrlScope, why: string): CrlScope {
  return { ...scope, unsupported: scope.unsupported ?? why }
}
