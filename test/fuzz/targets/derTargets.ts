import { X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { DerReader } from '../../../native-free/der/reader.ts'
import { TAG } from '../../../native-free/der/tag.ts'
import * as w from '../../../native-free/der/writer.ts'
import { keyOfName } from '../../../native-free/dn/keyOfName.ts'
import { keyOfString } from '../../../native-free/dn/keyOfString.ts'
import { onelineF0, onelineF1 } from '../../../native-free/dn/oneline.ts'
import { onelineFromRfc2253, toRfc2253 } from '../../../native-free/dn/rfc2253.ts'
import { dnSpellings, rowMatches } from '../../../native-free/dn/spellings.ts'
import { unsafeName } from '../../../native-free/dn/unsafeName.ts'
import { kindOf } from '../../../native-free/proxy/kindOf.ts'
import { parseProxyCertInfo } from '../../../native-free/proxy/proxyCertInfo.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import type { Certificate } from '../../../native-free/x509/certificate.ts'
import type { Crl } from '../../../native-free/x509/crl.ts'
import type { Name } from '../../../native-free/x509/name.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { parseCrl } from '../../../native-free/x509/parseCrl.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { type IndependentCrl, readCrlIndependently } from '../../independent/readCrl.ts'
import { noteDifference, UNREAD } from '../differences.ts'
import { orRefusal, outcomeOf, outcomeOfRead } from '../outcomeOf.ts'
import type { Random } from '../random.ts'
import { readCorpus } from '../readCorpus.ts'
import { recode } from '../recode.ts'
import { type FuzzTarget, insist, type Outcome } from '../target.ts'

const certificates = readCorpus('certificate')

function runDer(input: Uint8Array, random: Random): Outcome {
  const outcome = outcomeOf(() => {
    insist(bytesEqual(recode(new DerReader(input)), input), 'written again, it is other octets')
  })
  if (outcome === 'accepted' && input.length > 0 && random.oneIn(4)) compareWithAsn1js(input)
  return outcome
}

/** One element, or the first of several, has the same extent there. */
function compareWithAsn1js(input: Uint8Array): void {
  const reader = new DerReader(input)
  const first = reader.element()
  let theirs: string | undefined
  try {
    const { offset, result } = asn1js.fromBER(new Uint8Array(first))
    if (offset !== first.length) theirs = result.error
  } catch (thrown) {
    theirs = (thrown as Error).message
  }
  if (theirs === undefined) return
  noteDifference({ target: 'der', other: 'asn1js', ours: 'accepted' }, theirs)
}

function runCertificate(input: Uint8Array, random: Random): Outcome {
  const ours = orRefusal(() => parseCertificate(input))
  if (!(ours instanceof Refusal)) {
    const { tbs, signatureAlgorithm, signature } = ours
    const again = w.sequence(tbs, signatureAlgorithm.der, w.bitString(signature))
    insist(bytesEqual(again, input), 'its parts put together are other octets')
    kindOf(ours)
    checkName(ours.subject)
    checkName(ours.issuer)
  }
  if (random.oneIn(4)) compareWithOpenssl(input, ours)
  return ours instanceof Refusal ? ours.code : 'accepted'
}

function compareWithOpenssl(input: Uint8Array, ours: Certificate | Refusal): void {
  const theirs = opensslCertificate(input)
  const difference = { target: 'certificate', other: 'OpenSSL' } as const
  if (ours instanceof Refusal) {
    if (typeof theirs !== 'string') noteDifference({ ...difference, ours: ours.code }, 'accepted')
    return
  }
  if (typeof theirs === 'string') {
    noteDifference({ ...difference, ours: verdictOn(ours) }, theirs)
    return
  }
  const serial = BigInt.asUintN(
    ours.serial.length * 8,
    BigInt(`0x${Buffer.from(ours.serial).toString('hex')}`),
  )
  const negative = ours.serial[0]! >= 0x80
  insist(negative || BigInt(`0x${theirs.serialNumber}`) === serial, 'OpenSSL reads another serial')
  insist(validity(theirs.validToDate) === ours.notAfter, 'OpenSSL reads another notAfter')
  insist(validity(theirs.validFromDate) === ours.notBefore, 'OpenSSL reads another notBefore')
  // X509_check_ca() wants keyCertSign too.
  insist(!theirs.ca || ours.basicConstraints?.ca === true || ours.version === 1, 'OpenSSL sees a CA')
}

/** BIT STRING, NumericString, PrintableString, T61String, IA5String, UniversalString, BMPString, UTF8String, SEQUENCE. */
const VALUE_TAGS = [0x03, 0x12, 0x13, 0x14, 0x16, 0x1c, 0x1e, 0x0c, 0x30]

function verdictOn({ subject, issuer, der }: Certificate): string {
  const values = [...subject.rdns, ...issuer.rdns].flat()
  if (values.some(({ tag }) => !VALUE_TAGS.includes(tag)))
    return 'accepted with a value in a name that is no string'
  const whole = orRefusal(() => recode(new DerReader(der)))
  return whole instanceof Refusal ? 'accepted with an unsound part that is not looked into' : 'accepted'
}

const validity = (date: Date) => Math.floor(date.getTime() / 1000)

function opensslCertificate(input: Uint8Array): X509Certificate | string {
  try {
    const certificate = new X509Certificate(input)
    return certificate.raw.length === input.length ? certificate : 'accepted in part'
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code ?? (thrown as Error).message
  }
}

function checkName(name: Name): void {
  const [f0, f1] = [onelineF0(name), onelineF1(name)]
  insist(/^[ -~]*$/.test(f0) && /^[ -~]*$/.test(f1), 'a one-line form is not printable')
  toRfc2253(name)
  const key = keyOfName(name)
  insist(name.rdns.length === 0 || key.startsWith('/'), 'a key without a slash')
  const spellings = dnSpellings(name)
  insist(spellings.length <= 24, 'more than 24 spellings')
  if (unsafeName(name) !== undefined || name.rdns.length === 0) {
    insist(spellings.length === 0 && !rowMatches(name, f0) && !rowMatches(name, f1), 'an unsafe name matches')
    return
  }
  for (const spelling of spellings) insist(rowMatches(name, spelling), `no match with ${spelling}`)
}

function runName(input: Uint8Array): Outcome {
  return outcomeOfRead(
    () => parseName(input),
    name => {
      const rdns = name.rdns.map(rdn =>
        w.set(...rdn.map(ava => w.sequence(w.oid(ava.oid), w.tlv(ava.tag, ava.value)))),
      )
      insist(bytesEqual(w.sequence(...rdns), input), 'written again, it is other octets')
      checkName(name)
      if (isPlain(name)) {
        const key = keyOfName(name)
        insist(keyOfString(onelineF0(name)) === key, 'the key of its text is another')
        const back = orRefusal(() => onelineFromRfc2253(toRfc2253(name)))
        insist(back instanceof Refusal || keyOfString(back) === key, 'another key by way of RFC 2253')
      }
    },
  )
}

/** UTF-8 and its subsets, whose octets are their text. */
function isPlain(name: Name): boolean {
  const tags: readonly number[] = [TAG.utf8String, TAG.printableString, TAG.ia5String]
  return (
    name.rdns.length > 0 &&
    unsafeName(name) === undefined &&
    name.rdns
      .flat()
      .every(({ tag, value }) => tags.includes(tag) && (tag === TAG.utf8String || value.every(o => o < 0x80)))
  )
}

function runProxyCertInfo(input: Uint8Array): Outcome {
  const outcomes = (['rfc', 'draft'] as const).map(form =>
    outcomeOf(() => {
      const { pathLength } = parseProxyCertInfo(input, form)
      insist(pathLength >= 0, 'a negative path length')
    }),
  )
  return outcomes.includes('accepted') ? 'accepted' : outcomes[0]!
}

function runCrl(input: Uint8Array, random: Random): Outcome {
  const crl = orRefusal(() => parseCrl(input))
  if (!(crl instanceof Refusal)) checkCrl(input, crl)
  if (random.oneIn(20)) compareWithPkijs(input, crl)
  return crl instanceof Refusal ? crl.code : 'accepted'
}

function checkCrl(input: Uint8Array, crl: Crl): void {
  const again = w.sequence(crl.tbs, crl.signatureAlgorithm.der, w.bitString(crl.signature))
  insist(bytesEqual(again, input), 'its parts put together are other octets')
  const listed = serialsIn(crl.tbs)
  insist(listed.length === crl.entryCount, 'another number of entries')
  for (const serial of listed) insist(crl.isListed(serial), 'a listed serial is not found')
}

function compareWithPkijs(input: Uint8Array, ours: Crl | Refusal): void {
  const difference = { target: 'crl', other: 'pkijs' } as const
  let theirs: IndependentCrl
  try {
    theirs = readCrlIndependently(input)
  } catch (thrown) {
    if (!(ours instanceof Refusal))
      noteDifference({ ...difference, ours: crlVerdict(ours, thrown as Error) }, (thrown as Error).message)
    return
  }
  if (ours instanceof Refusal) {
    noteDifference({ ...difference, ours: ours.code }, 'accepted')
    return
  }
  insist(theirs.serials.join() === serialsIn(ours.tbs).map(toHex).join(), 'pkijs reads other serials')
  insist(validity(theirs.thisUpdate) === ours.thisUpdate, 'pkijs reads another thisUpdate')
  const nextUpdate = theirs.nextUpdate && validity(theirs.nextUpdate)
  insist(nextUpdate === ours.nextUpdate, 'pkijs reads another nextUpdate')
}

/** Parameters of algorithms, and values of extensions that mean nothing to us, are kept unread. */
function crlVerdict({ der }: Crl, theirs: Error): string {
  const whole = orRefusal(() => recode(new DerReader(der)))
  if (whole instanceof Refusal) return UNREAD
  return theirs instanceof TypeError ? 'accepted, with an entry whose extensions are none' : 'accepted'
}

/** The serials of a CRL as they stand there, with padding too, read another way than parseCrl does. */
function serialsIn(tbs: Uint8Array): Uint8Array[] {
  const list = new DerReader(tbs).enter(TAG.sequence)
  list.optional(TAG.integer)
  list.skip()
  list.skip()
  list.skip()
  if (list.peek() === TAG.utcTime || list.peek() === TAG.generalizedTime) list.skip()
  const entries = list.optionalEnter(TAG.sequence)
  const serials: Uint8Array[] = []
  while (entries !== undefined && !entries.done) serials.push(entries.enter(TAG.sequence).next(TAG.integer))
  return serials
}

export const derTargets: readonly FuzzTarget[] = [
  { name: 'der', corpus: [...certificates, ...readCorpus('crl')], der: true, run: runDer },
  { name: 'certificate', corpus: certificates, der: true, run: runCertificate },
  { name: 'name', corpus: readCorpus('name'), der: true, run: runName },
  { name: 'proxyCertInfo', corpus: readCorpus('proxyCertInfo'), der: true, run: runProxyCertInfo },
  { name: 'crl', corpus: readCorpus('crl'), der: true, run: runCrl },
]
