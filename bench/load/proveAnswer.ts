import { readAcIndependently } from '../../test/independent/readAc.ts'
import { readNames } from '../../test/independent/readNames.ts'

/** What an AC has to hold. */
export interface Grant {
  /** DER of the client's own certificate, not of its proxy. */
  readonly holder: Uint8Array
  /** DER of the certificate whose key signs ACs. */
  readonly issuer: Uint8Array
  /** In their order. */
  readonly fqans: readonly string[]
  /** "name = value (qualifier)", in their order. */
  readonly attributes: readonly string[]
}

/**
 * Throws unless an answer of either protocol holds one AC, for this holder, with just these FQANs and attributes, and
 * signed with the issuer's key. The reader shares no code with the daemon.
 */
export async function proveAnswer(
  answer: string,
  { holder, issuer, fqans, attributes }: Grant,
): Promise<void> {
  const [base64, ...more] = [...answer.matchAll(/<ac>([^<]*)<\/ac>/g)].map(match => match[1]!)
  if (base64 === undefined || more.length > 0) {
    throw new Error(`a wrong answer: not one AC in ${answer.slice(0, 500)}`)
  }
  const ac = await readAcIndependently(new Uint8Array(Buffer.from(base64, 'base64')))
  const [wantedHolder, wantedIssuer] = [readNames(holder), readNames(issuer)]
  const facts: readonly (readonly [what: string, found: string, wanted: string])[] = [
    [
      'holder',
      `${hex(ac.holder.name)} ${ac.holder.serial}`,
      `${wantedHolder.subject} ${wantedHolder.serial}`,
    ],
    ['FQANs', ac.fqans.join(', '), fqans.join(', ')],
    [
      'attributes',
      ac.attributes.map(({ name, value, qualifier }) => `${name} = ${value} (${qualifier})`).join(', '),
      attributes.join(', '),
    ],
    ['issuer', hex(ac.issuer), wantedIssuer.subject],
    ['certificates', ac.certificates.map(hex).join(', '), wantedIssuer.der],
    ['signature', ac.signatureValid ? 'good' : 'bad', 'good'],
  ]
  for (const [what, found, wanted] of facts) {
    if (found !== wanted) throw new Error(`a wrong AC: its ${what}: ${found}, and not ${wanted}`)
  }
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')
