import { readAcIndependently } from '../independent/readAc.ts'
import { shortForm } from '../interop/proxyTools.ts'
import type { LegacyAnswer } from './legacyClient.ts'

/** An answer reduced to what two servers must have in common. */
export interface Outcome {
  readonly kind: 'issued' | 'listed' | 'refused' | 'no answer'
  /** Number and text; of ours without the request id at the end. */
  readonly items: readonly string[]
  readonly encoding: LegacyAnswer['encoding']
  /** The primary FQAN, short form. */
  readonly first: string | undefined
  /** All FQANs in ascending order: the peer's tail order means nothing. */
  readonly fqans: readonly string[]
  /** Names of the generic attributes, ascending; values and qualifiers do not survive the peer's build. */
  readonly attributes: readonly string[]
  readonly lifetimeSeconds: number | undefined
}

const EMPTY = { first: undefined, fqans: [], attributes: [], lifetimeSeconds: undefined }

export async function outcomeOf(answer: LegacyAnswer): Promise<Outcome> {
  const items = answer.items.map(
    ({ number, message }) => `${number} ${withoutRequestId(number, message).trimEnd()}`,
  )
  const common = { ...EMPTY, items, encoding: answer.encoding }
  if (answer.list !== undefined) return { ...common, kind: 'listed', fqans: answer.list }
  if (answer.ac === undefined) return { ...common, kind: answer.raw === undefined ? 'no answer' : 'refused' }
  const ac = await readAcIndependently(answer.ac)
  if (!ac.signatureValid) throw new Error('the AC is not validly signed')
  return {
    ...common,
    kind: 'issued',
    first: shortForm(ac.fqans[0]!),
    fqans: ac.fqans.map(shortForm).sort(),
    attributes: ac.attributes.map(({ name }) => name).sort(),
    lifetimeSeconds: (ac.notAfter.getTime() - ac.notBefore.getTime()) / 1000,
  }
}

/** Errors end in ` [ID]`, by which the log is searched; warnings never do. */
function withoutRequestId(number: number, message: string): string {
  return number > 1000 ? message.replace(/ \[[^\]\s]+\]$/, '') : message
}
