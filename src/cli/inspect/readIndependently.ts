import { toHex } from '../../../native-free/bytes/hex.ts'

/** What the independent reader makes of an object. */
export interface IndependentReading {
  /** Why it could not be read; undefined when it could. */
  readonly problem: string | undefined
  /** unchecked: no issuer was given, or its kind of signature is not known to it. */
  readonly signature: 'good' | 'bad' | 'unchecked'
  /** Facts by name, as text, to lay beside ours. */
  readonly facts: Readonly<Record<string, string>>
}

/**
 * Reads an object with pkijs and verifies its signature with @peculiar/webcrypto: nothing of ours takes part.
 * Both are loaded at the first call, since nothing but `inspect` needs them.
 * @param issuer DER of the certificate whose key should verify it
 */
export async function readIndependently(
  kind: 'ac' | 'certificate' | 'crl',
  der: Uint8Array,
  issuer: Uint8Array | undefined,
): Promise<IndependentReading> {
  const pkijs = await loadPkijs()
  const reader = { ac: readAc, certificate: readCertificate, crl: readCrl }[kind]
  let read: Readable
  try {
    read = await reader(pkijs, copyOf(der))
  } catch (cause) {
    return { problem: messageOf(cause), signature: 'unchecked', facts: {} }
  }
  return { problem: undefined, signature: await verify(pkijs, read, issuer), facts: read.facts }
}

type Pkijs = typeof import('pkijs')

/** What all three kinds share: signed octets, signature, algorithm. */
interface Readable {
  readonly facts: Record<string, string>
  readonly tbs: ArrayBuffer | Uint8Array<ArrayBuffer>
  readonly signature: import('asn1js').BitString
  readonly algorithm: import('pkijs').AlgorithmIdentifier
}

async function loadPkijs(): Promise<Pkijs> {
  const [pkijs, { Crypto }] = await Promise.all([import('pkijs'), import('@peculiar/webcrypto')])
  // Its types lag behind those of the platform.
  const engine = new pkijs.CryptoEngine({ name: 'vouchd', crypto: new Crypto() as never })
  pkijs.setEngine('vouchd', engine as never)
  return pkijs
}

async function readAc({ AttributeCertificateV2 }: Pkijs, der: Uint8Array<ArrayBuffer>): Promise<Readable> {
  const { fromBER, OctetString } = await import('asn1js')
  const ac = AttributeCertificateV2.fromBER(der)
  const parsed = fromBER(der)
  if (parsed.result.error !== '') throw new Error(parsed.result.error)
  // The octets as received: what pkijs encodes again need not be what was signed.
  const [acinfo] = (parsed.result as import('asn1js').Sequence).valueBlock.value
  const fqans: string[] = []
  for (const attribute of ac.acinfo.attributes) {
    if (attribute.type !== FQANS) continue
    for (const syntax of attribute.values as import('asn1js').Sequence[]) {
      const values = syntax.valueBlock.value.at(-1) as import('asn1js').Sequence
      for (const value of values.valueBlock.value) {
        if (value instanceof OctetString) fqans.push(Buffer.from(value.valueBlock.valueHexView).toString())
      }
    }
  }
  return {
    facts: {
      serial: serialText(ac.acinfo.serialNumber.valueBlock.valueHexView),
      notBefore: timeText(ac.acinfo.attrCertValidityPeriod.notBeforeTime),
      notAfter: timeText(ac.acinfo.attrCertValidityPeriod.notAfterTime),
      fqans: fqans.join(' '),
      extensions: (ac.acinfo.extensions?.extensions ?? []).map(extension => extension.extnID).join(' '),
    },
    tbs: new Uint8Array(acinfo!.valueBeforeDecodeView),
    signature: ac.signatureValue,
    algorithm: ac.signatureAlgorithm,
  }
}

const FQANS = '1.3.6.1.4.1.8005.100.100.4'

async function readCertificate({ Certificate }: Pkijs, der: Uint8Array<ArrayBuffer>): Promise<Readable> {
  const certificate = Certificate.fromBER(der)
  return {
    facts: {
      serial: serialText(certificate.serialNumber.valueBlock.valueHexView),
      notBefore: timeText(certificate.notBefore.value),
      notAfter: timeText(certificate.notAfter.value),
      extensions: (certificate.extensions ?? []).map(extension => extension.extnID).join(' '),
    },
    tbs: new Uint8Array(certificate.tbsView),
    signature: certificate.signatureValue,
    algorithm: certificate.signatureAlgorithm,
  }
}

async function readCrl(
  { CertificateRevocationList }: Pkijs,
  der: Uint8Array<ArrayBuffer>,
): Promise<Readable> {
  const crl = CertificateRevocationList.fromBER(der)
  return {
    facts: {
      thisUpdate: timeText(crl.thisUpdate.value),
      nextUpdate: crl.nextUpdate === undefined ? 'none' : timeText(crl.nextUpdate.value),
      entries: String(crl.revokedCertificates?.length ?? 0),
    },
    tbs: new Uint8Array(crl.tbsView),
    signature: crl.signatureValue,
    algorithm: crl.signatureAlgorithm,
  }
}

async function verify(
  pkijs: Pkijs,
  read: Readable,
  issuer: Uint8Array | undefined,
): Promise<IndependentReading['signature']> {
  if (issuer === undefined) return 'unchecked'
  try {
    const key = pkijs.Certificate.fromBER(copyOf(issuer)).subjectPublicKeyInfo
    const good = await pkijs
      .getCrypto(true)
      .verifyWithPublicKey(read.tbs, read.signature, key, read.algorithm)
    return good ? 'good' : 'bad'
  } catch {
    return 'unchecked'
  }
}

/** pkijs wants octets with a buffer of their own. */
function copyOf(der: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(der)
}

function serialText(octets: Uint8Array): string {
  return toHex(octets).replace(/^(00)+(?=..)/, '')
}

function timeText(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
