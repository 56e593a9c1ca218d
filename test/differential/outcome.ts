import { type IndependentAc, readAcIndependently } from '../independent/readAc.ts'
import { shortForm } from '../interop/proxyTools.ts'
import type { LegacyAnswer } from './legacyClient.ts'

/** An answer reduced to what two servers must have in common. */
export interface Outcome {
  readonly kind: 'issued' | 'listed' | 'refused' | 'no answer'
  /** Number and text; of ours without the request id at the end. */
  readonly items: readonly string[]
  readonly encoding: LegacyAnswer['encoding']
  /** The primary FQAN, or the first of a list; short form. */
  readonly first: string | undefined
  /** All FQANs in ascending order: the peer's tail order means nothing. */
  readonly fqans: readonly string[]
  /** Names of the generic attributes, ascending; values and qualifiers do not survive the peer's build. */
  readonly attributes: readonly string[]
  readonly lifetimeSeconds: number | undefined
  /** Whether FQANs are written with their NULL parts. */
  readonly form: 'long' | 'short' | undefined
  /** The rest of the AC, as far as it is no random number and no moment. */
  readonly frame: AcFrame | undefined
}

export interface AcFrame {
  /** DER of Names, hex. */
  readonly holder: string
  readonly holderSerial: string
  readonly issuer: string
  readonly algorithm: string
  readonly policyAuthority: string
  readonly keyIdentifier: string | undefined
  readonly certificates: readonly string[]
  readonly extensions: readonly { readonly oid: string; readonly critical: boolean }[]
}

const EMPTY = {
  ...{ first: undefined, fqans: [], attributes: [], lifetimeSeconds: undefined },
  ...{ form: undefined, frame: undefined },
}

export async function outcomeOf(answer: LegacyAnswer): Promise<Outcome> {
  const items = answer.items.map(
    ({ number, message }) => `${number} ${withoutRequestId(number, message).trimEnd()}`,
  )
  const common = { ...EMPTY, items, encoding: answer.encoding }
  if (answer.list !== undefined) return { ...common, ...fqansOf(answer.list), kind: 'listed' }
  if (answer.ac === undefined) return { ...common, kind: answer.raw === undefined ? 'no answer' : 'refused' }
  const ac = await readAcIndependently(answer.ac)
  if (!ac.signatureValid) throw new Error('the AC is not validly signed')
  return {
    ...common,
    kind: 'issued',
    ...fqansOf(ac.fqans),
    attributes: ac.attributes.map(({ name }) => name).sort(),
    frame: frameOf(ac),
    lifetimeSeconds: (ac.notAfter.getTime() - ac.notBefore.getTime()) / 1000,
  }
}

function fqansOf(fqans: readonly string[]): Pick<Outcome, 'first' | 'fqans' | 'form'> {
  const short = fqans.map(shortForm)
  const form = fqans.every(fqan => fqan.endsWith('/Capability=NULL')) ? 'long' : 'short'
  return { first: short[0], fqans: short.toSorted(), form }
}

function frameOf(ac: IndependentAc): AcFrame {
  const { algorithm, policyAuthority, keyIdentifier, extensions } = ac
  return {
    holder: hex(ac.holder.name),
    holderSerial: ac.holder.serial,
    issuer: hex(ac.issuer),
    certificates: ac.certificates.map(hex),
    ...{ algorithm, policyAuthority, keyIdentifier, extensions },
  }
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')

/** Errors end in ` [ID]`, by which the log is searched; warnings never do. */
function withoutRequestId(number: number, message: string): string {
  return number > 1000 ? message.replace(/ \[[^\]\s]+\]$/, '') : message
}
