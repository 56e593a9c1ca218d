import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { extractAcs } from '../../../native-free/ac/extractAcs.ts'
import { isProxyKind, kindOf } from '../../../native-free/proxy/kindOf.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import type { ReceivedAnswer } from '../../../native-free/wire/types.ts'
import type { Certificate } from '../../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { describeCertificate, findEec } from '../describeCertificate.ts'
import { acToJson, formatAcForPeople, formatFields } from '../printAc.ts'
import { formatCertificateForPeople, formatProxyForPeople } from '../printProxy.ts'
import { detectInput } from './detectInput.ts'
import { type Inspection, ownVerdict, type Verdict } from './inspection.ts'
import { inspectCrl, inspectLsc, inspectVomses } from './inspectLists.ts'
import { type AcSurroundings, judgeAc } from './judgeAc.ts'
import { distinct, judgeChain } from './judgeChain.ts'

export interface InspectOptions extends Omit<AcSurroundings, 'eec'> {
  /** Shown as the path of a proxy. */
  readonly path: string
}

/** Tells what a file is, describes it and judges it. Throws a Refusal for one that is nothing known. */
export async function inspectFile(bytes: Uint8Array, options: InspectOptions): Promise<Inspection> {
  const input = detectInput(bytes)
  switch (input.kind) {
    case 'certificates':
      return inspectCertificates(distinct(input.certificates.map(parseCertificate)), input.keyPem, options)
    case 'ac':
      return inspectAc(input.der, { eec: undefined, ...options })
    case 'crl':
      return inspectCrl(input.der, options.now)
    case 'answer':
      return inspectAnswer(input.answer, options)
    case 'lsc':
      return inspectLsc(input.text)
    case 'vomses':
      return inspectVomses(input.text)
  }
}

async function inspectAc(der: Uint8Array, around: AcSurroundings): Promise<Inspection> {
  const ac = decodeAc(der)
  return {
    kind: 'ac',
    verdicts: await judgeAc(ac, around),
    text: formatAcForPeople(ac, around.now),
    json: { ac: acToJson(ac) },
  }
}

async function inspectCertificates(
  certificates: readonly Certificate[],
  keyPem: string | undefined,
  options: InspectOptions,
): Promise<Inspection> {
  const isProxy = isProxyKind(kindOf(certificates[0]!))
  const isCa = kindOf(certificates[0]!) === 'ca'
  const sent = certificates.map(({ der }) => der)
  const verdicts = await judgeChain(certificates, keyPem, options.now)
  // A CA is no client; its place in the trust directory is all that counts.
  if (!isCa) verdicts.push(options.judgePath('path', sent))
  const acs = await inspectCarriedAcs(certificates, options)
  const head = isProxy
    ? formatProxyForPeople(certificates, options.path, options.now)
    : certificates.map(one => formatCertificateForPeople(one, options.now)).join('\n')
  return {
    kind: isProxy ? 'proxy' : 'certificates',
    verdicts: [...verdicts, ...acs.flatMap(({ verdicts }) => verdicts)],
    text: [head, ...acs.map(({ text }) => text)].join(''),
    json: {
      certificates: certificates.map(describeCertificate),
      privateKey: keyPem !== undefined,
      acs: acs.map(({ json }) => json['ac']),
    },
  }
}

/** The ACs in the certificates of a chain; one that cannot be read becomes a verdict. */
async function inspectCarriedAcs(
  certificates: readonly Certificate[],
  options: InspectOptions,
): Promise<Inspection[]> {
  const eec = findEec(certificates)
  const inspections: Inspection[] = []
  for (const certificate of certificates) {
    try {
      for (const der of extractAcs(certificate)) inspections.push(await inspectAc(der, { eec, ...options }))
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      const verdicts: Verdict[] = [ownVerdict('AC', false, `${cause.message} (${cause.code})`)]
      inspections.push({ kind: 'ac', verdicts, text: '', json: { ac: null } })
    }
  }
  return inspections
}

async function inspectAnswer(answer: ReceivedAnswer, options: InspectOptions): Promise<Inspection> {
  const { ac, list, warnings, errors } = answer
  const inner = ac === undefined ? undefined : await inspectAc(ac, { eec: undefined, ...options })
  const messages = formatFields([
    ...errors.map(({ code, message }) => ['error', `${message} (${code})`] as const),
    ...warnings.map(({ number, message }) => ['warning', `${message} (${number})`] as const),
    ...(list ?? []).map(fqan => ['attribute', fqan] as const),
  ])
  return {
    kind: 'answer',
    verdicts: [
      ...errors.map(({ message }) => ownVerdict('answer', false, message)),
      ...(inner?.verdicts ?? []),
    ],
    text: messages + (inner?.text ?? ''),
    json: { errors, warnings, list: list ?? null, ac: inner?.json['ac'] ?? null },
  }
}
