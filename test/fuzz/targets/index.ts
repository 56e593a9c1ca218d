import type { FuzzTarget } from '../target.ts'
import { acTargets } from './acTargets.ts'
import { chainTargets } from './chainTargets.ts'
import { derTargets } from './derTargets.ts'
import { fileTargets } from './fileTargets.ts'
import { textTargets } from './textTargets.ts'
import { wireTargets } from './wireTargets.ts'

/** Everything that reads octets of strangers and can be called without a socket. */
export const CODEC_TARGETS: readonly FuzzTarget[] = [
  ...derTargets,
  ...acTargets,
  ...chainTargets,
  ...textTargets,
  ...wireTargets,
  ...fileTargets,
]
