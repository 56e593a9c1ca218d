import type { Outcome } from './outcome.ts'

/** Every way in which two outcomes of one request can differ, the ones that services notice first. */
export const DIFFERENCE_CLASSES = {
  refusal: 'one grants, the other refuses',
  reason: 'both refuse, for different reasons',
  fqans: 'not the same FQANs',
  primary: 'the same FQANs, but another is first',
  order: 'the same first FQAN, the others in another order',
  attributes: 'not the same generic attributes',
  lifetime: 'not the same lifetime',
  warnings: 'not the same warnings',
  form: 'long FQANs against short ones',
  certificate: 'one does not know the certificate',
  failed: 'no answer',
} as const
export type DifferenceClass = keyof typeof DIFFERENCE_CLASSES

export interface Difference {
  readonly class: DifferenceClass
  readonly ours: string
  readonly theirs: string
}

/** An AC may begin a second before its request ended. */
const LIFETIME_SLACK_SECONDS = 2

/** Every difference between two outcomes; none when a client could not tell them apart. */
export function compareOutcomes(ours: Outcome, theirs: Outcome): readonly Difference[] {
  if (ours.kind === 'failed' || theirs.kind === 'failed') {
    return [{ class: 'failed', ours: inWords(ours), theirs: inWords(theirs) }]
  }
  if (ours.kind !== theirs.kind) return [{ class: 'refusal', ours: inWords(ours), theirs: inWords(theirs) }]
  if (ours.kind === 'refused' || theirs.kind === 'refused') return compareReasons(ours, theirs)
  return compareGrants(ours, theirs)
}

function compareReasons(ours: Outcome, theirs: Outcome): readonly Difference[] {
  if (ours.kind !== 'refused' || theirs.kind !== 'refused' || ours.reason === theirs.reason) return []
  return [{ class: 'reason', ours: inWords(ours), theirs: inWords(theirs) }]
}

type Grant = Outcome & { kind: 'granted' }

function compareGrants(ours: Grant, theirs: Grant): readonly Difference[] {
  const differences = [compareFqans(ours.fqans, theirs.fqans)]
  const compare = (name: DifferenceClass, a: readonly unknown[], b: readonly unknown[]) => {
    const [left, right] = [beyond(a, b), beyond(b, a)]
    if (left !== '' || right !== '') differences.push({ class: name, ours: left, theirs: right })
  }
  compare('attributes', ours.attributes, theirs.attributes)
  if (Math.abs(ours.lifetimeSeconds - theirs.lifetimeSeconds) > LIFETIME_SLACK_SECONDS) {
    const [left, right] = [`${ours.lifetimeSeconds} s`, `${theirs.lifetimeSeconds} s`]
    differences.push({ class: 'lifetime', ours: left, theirs: right })
  }
  compare('warnings', ours.warnings, theirs.warnings)
  compare('form', [ours.form], [theirs.form])
  return differences.filter(difference => difference !== undefined)
}

function compareFqans(ours: readonly string[], theirs: readonly string[]): Difference | undefined {
  const [left, right] = [beyond(ours, theirs), beyond(theirs, ours)]
  if (left !== '' || right !== '') return { class: 'fqans', ours: left, theirs: right }
  if (ours[0] !== theirs[0]) return { class: 'primary', ours: ours[0]!, theirs: theirs[0]! }
  if (ours.join(' ') === theirs.join(' ')) return undefined
  return { class: 'order', ours: ours.join(' '), theirs: theirs.join(' ') }
}

/** What one side has alone. */
function beyond(one: readonly unknown[], other: readonly unknown[]): string {
  return one.filter(item => !other.includes(item)).join(' ')
}

/** An outcome in a few words. */
export function inWords(outcome: Outcome): string {
  if (outcome.kind === 'granted') return `granted: ${outcome.fqans.join(' ')}`
  return outcome.kind === 'refused' ? `refused: ${outcome.message}` : outcome.message
}
