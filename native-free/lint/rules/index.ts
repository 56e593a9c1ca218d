import type { LintRule } from '../lintRule.ts'
import { attributes } from './attributes.ts'
import { authorityKeyIdentifier } from './authorityKeyIdentifier.ts'
import { certseq } from './certseq.ts'
import { criticalExtensions } from './criticalExtensions.ts'
import { duplicateExtensions } from './duplicateExtensions.ts'
import { fqans } from './fqans.ts'
import { genericAttributes } from './genericAttributes.ts'
import { holder } from './holder.ts'
import { issuer } from './issuer.ts'
import { layout } from './layout.ts'
import { noRevAvail } from './noRevAvail.ts'
import { policyAuthority } from './policyAuthority.ts'
import { serialNumber } from './serialNumber.ts'
import { signatureAlgorithm } from './signatureAlgorithm.ts'
import { targets } from './targets.ts'
import { validity } from './validity.ts'
import { version } from './version.ts'

/** Every rule, in the order of findings. `layout` comes first: where it fails, the others have nothing to judge. */
export const LINT_RULES: readonly LintRule[] = [
  layout,
  version,
  holder,
  issuer,
  signatureAlgorithm,
  serialNumber,
  validity,
  attributes,
  policyAuthority,
  fqans,
  genericAttributes,
  certseq,
  noRevAvail,
  authorityKeyIdentifier,
  targets,
  criticalExtensions,
  duplicateExtensions,
]
