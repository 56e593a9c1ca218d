import { encodeTbs } from '../../native-free/ac/encodeTbs.ts'
import type { AcContent, AcDigest } from '../../native-free/ac/types.ts'
import { isWithinVo } from '../../native-free/fqan/isWithinVo.ts'
import { lintTbs } from '../../native-free/lint/lintTbs.ts'
import type { Clock } from '../clock.ts'
import { VomsError } from '../errors.ts'
import { LintFault } from './LintFault.ts'
import type { Profile } from './profile.ts'
import type { Grant, Prepared, SerialSource, SigningKey } from './types.ts'
import { decideValidity } from './validity.ts'

/** What this file alone knows of a Prepared; its own copy of the linted bytes is what the AC is compared with. */
interface Mark {
  readonly linted: Uint8Array
  readonly keyId: string
  readonly digest: AcDigest
  spent: boolean
}

const marks = new WeakMap<Prepared, Mark>()

/**
 * Builds the to-be-signed bytes of an AC and lints them; signs nothing. This is the last gate before the key, so
 * what it refuses is our own fault: VomsError 'internal', its cause an Error that names the rule.
 */
export function prepare(grant: Grant, profile: Profile, clock: Clock, serials: SerialSource): Prepared {
  for (const fqan of grant.fqans) {
    if (!isWithinVo(fqan, profile.vo)) throw refuse(profile, `FQAN outside the tree of the VO: ${fqan}`)
  }
  const content: AcContent = {
    holderName: profile.holderForm === 'subject' ? grant.holder.subject : grant.holder.issuer,
    holderSerial: grant.holder.serial,
    serial: serials.next(),
    ...decideValidity({
      now: clock.now(),
      requestedSeconds: grant.lifetimeSeconds,
      maxLifetimeSeconds: profile.maxLifetimeSeconds,
      issuerNotBefore: profile.issuer.notBefore,
      issuerNotAfter: profile.issuer.notAfter,
    }),
    fqans: grant.fqans,
    attributes: grant.attributes,
    targets: grant.targets,
  }
  const tbs = encodeTbs(profile.template, content)
  const findings = lintTbs(tbs, profile.expectations)
  if (findings.length > 0) throw new VomsError('internal', { vo: profile.vo }, new LintFault(findings))
  const prepared: Prepared = Object.freeze({ tbs, content })
  const { keyId, algorithm } = profile
  marks.set(prepared, { linted: tbs.slice(), keyId, digest: algorithm.digest, spent: false })
  return prepared
}

/**
 * Takes the bytes of a Prepared for the one signature it is good for. Signers call this first. Throws VomsError
 * 'internal' for an object that prepare() did not make, for another key than it was made for, and for the second time.
 */
export function spend(prepared: Prepared, key: Pick<SigningKey, 'keyId' | 'digest'>): Uint8Array {
  const mark = markOf(prepared)
  if (mark.keyId !== key.keyId || mark.digest !== key.digest) {
    throw new VomsError('internal', {}, new Error('prepared for another key or digest'))
  }
  if (mark.spent) throw new VomsError('internal', {}, new Error('prepared and signed before'))
  mark.spent = true
  return prepared.tbs
}

/** Whether an assembled AC holds exactly the bytes that were linted, as its first element. */
export function holdsLintedBytes(ac: Uint8Array, prepared: Prepared): boolean {
  const { linted } = markOf(prepared)
  const start = contentStart(ac)
  for (let i = 0; i < linted.length; i++) if (ac[start + i] !== linted[i]) return false
  return true
}

/** Offset of the content of the outermost element: past its tag and length octets. */
function contentStart(der: Uint8Array): number {
  const length = der[1] ?? 0
  return length < 0x80 ? 2 : 2 + (length & 0x7f)
}

function markOf(prepared: Prepared): Mark {
  const mark = marks.get(prepared)
  if (mark === undefined) throw new VomsError('internal', {}, new Error('not made by prepare()'))
  return mark
}

function refuse(profile: Profile, message: string): VomsError {
  return new VomsError('internal', { vo: profile.vo }, new Error(message))
}
