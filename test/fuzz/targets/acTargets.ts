import { webcrypto } from 'node:crypto'
import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { encodeAcExtension, extractAcs } from '../../../native-free/ac/extractAcs.ts'
import { OID_AC_SEQUENCE } from '../../../native-free/ac/oids.ts'
import type { AttributeCertificate } from '../../../native-free/ac/types.ts'
import { verifyAc } from '../../../native-free/ac/verifyAc.ts'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { DerReader } from '../../../native-free/der/reader.ts'
import * as w from '../../../native-free/der/writer.ts'
import { isWithinVo } from '../../../native-free/fqan/isWithinVo.ts'
import { lintTbs } from '../../../native-free/lint/lintTbs.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { LINT_EXPECTATIONS } from '../../fakes/lintCases.ts'
import * as raw from '../../fakes/rawAc.ts'
import { readAcIndependently } from '../../independent/readAc.ts'
import { signData, signedObject } from '../../pki/sign.ts'
import { noteDifference } from '../differences.ts'
import { orRefusal, outcomeOfRead } from '../outcomeOf.ts'
import type { Random } from '../random.ts'
import { readVectors } from '../readCorpus.ts'
import { recode } from '../recode.ts'
import { type FuzzTarget, insist, type Outcome } from '../target.ts'

const acs = readVectors('ac', file => file.endsWith('.der'))
const tbss = readVectors('lint', file => file.includes('good-'))
const known = new Set(acs.map(toHex))

function runAc(input: Uint8Array, random: Random): Outcome | Promise<Outcome> {
  const ours = orRefusal(() => decodeAc(input))
  if (!(ours instanceof Refusal)) {
    const again = w.sequence(ours.acinfo, ours.outerSignatureAlgorithm.der, w.bitString(ours.signature))
    insist(bytesEqual(again, input), 'its parts put together are other octets')
  }
  const outcome = ours instanceof Refusal ? ours.code : 'accepted'
  return random.oneIn(100) ? compareWithPkijs(input, ours).then(() => outcome) : outcome
}

async function compareWithPkijs(input: Uint8Array, ours: AttributeCertificate | Refusal): Promise<void> {
  const difference = { target: 'ac', other: 'pkijs' } as const
  const theirs = await readAcIndependently(input).catch((thrown: unknown) => thrown as Error)
  if (theirs instanceof Error) {
    if (ours instanceof Refusal) return
    noteDifference({ ...difference, ours: verdictOn(ours, theirs) }, theirs.message)
    return
  }
  if (ours instanceof Refusal) {
    noteDifference({ ...difference, ours: ours.code }, 'accepted')
    return
  }
  insist(JSON.stringify(theirs.fqans) === JSON.stringify(ours.fqans), 'pkijs reads other FQANs')
  insist(theirs.policyAuthority === `${ours.vo}://${ours.uri}`, 'pkijs reads another policy authority')
  // A Name travels as it came; theirs is written anew.
  const isName = !(orRefusal(() => parseName(ours.holderName)) instanceof Refusal)
  insist(!isName || bytesEqual(theirs.holder.name, ours.holderName), 'pkijs reads another holder')
  insist(theirs.holder.serial === toHex(ours.holderSerial), 'pkijs reads another serial of the holder')
  insist(theirs.notAfter.getTime() / 1000 === ours.notAfter, 'pkijs reads another end')
}

/** Names, certificates and values of extensions are passed on unread by decodeAc(). */
function verdictOn(ac: AttributeCertificate, theirs: Error): string {
  const { der, holderName, issuerName, certificates, extensions } = ac
  const fault = orRefusal(() => {
    for (const name of [holderName, issuerName]) parseName(name)
    for (const certificate of certificates) parseCertificate(certificate)
    for (const bytes of [der, ...extensions.map(({ value }) => value)]) recode(new DerReader(bytes))
  })
  const unsound = fault instanceof Refusal || certificates.length === 0 || recodedTooLarge(theirs)
  if (unsound) return 'accepted with an unsound part that is not looked into'
  if (theirs instanceof TypeError) return 'accepted, without something optional'
  return OF_A_KEY.some(text => theirs.message.includes(text))
    ? 'accepted, with a key of an unknown algorithm'
    : 'accepted'
}

/** What it says of a key whose algorithm, or its parameters, it does not know. */
const OF_A_KEY = ['Unsupported', 'Incorrect public key algorithm', 'RSASSAPSSParams']

/** Its own bound on the elements of one input. */
const recodedTooLarge = ({ message }: Error) => message.includes('Maximum ASN.1')

const LSC = [['/C=IT/O=IGI/CN=voms.test.example', '/C=IT/O=IGI/CN=Test CA']]

/** What is bent after signing never verifies; what is bent before may, and is then what it says. */
async function runVerify(input: Uint8Array, random: Random): Promise<Outcome> {
  const resigned = random.oneIn(2)
  const der = resigned ? sign(input) : input
  const ac = orRefusal(() => decodeAc(der))
  if (ac instanceof Refusal) return ac.code
  const verdict = await verifyAc(webcrypto.subtle, ac, {
    lscChains: LSC,
    trust: () => true,
    now: ac.notBefore,
    skewSeconds: 300,
    holder: undefined,
    target: undefined,
    requireExtensions: true,
  })
  if (!verdict.valid) return verdict.reason
  insist(resigned || known.has(toHex(der)), 'a changed AC verifies')
  insist(
    ac.fqans.every(fqan => isWithinVo(fqan, ac.vo)),
    'an FQAN of another VO',
  )
  insist(bytesEqual(ac.signatureAlgorithm.der, ac.outerSignatureAlgorithm.der), 'two algorithms')
  return 'accepted'
}

/** The to-be-signed part of whatever was made of an AC, signed anew by the same issuer. */
function sign(input: Uint8Array): Uint8Array {
  const ac = orRefusal(() => decodeAc(input))
  const tbs = ac instanceof Refusal ? input : ac.acinfo
  return signedObject(tbs, raw.RSA_SHA256, signData(tbs, raw.rawIssuer.key, 'sha256'))
}

function runExtension(input: Uint8Array): Outcome {
  const extensions = [{ oid: OID_AC_SEQUENCE, critical: false, value: input }]
  return outcomeOfRead(
    () => extractAcs({ extensions }),
    found => {
      insist(bytesEqual(encodeAcExtension(found), input), 'written again, it is other octets')
    },
  )
}

/** What lints without a finding is an AC that decodes, of this VO, issuer and time. */
function runLint(input: Uint8Array): Outcome {
  const findings = lintTbs(input, LINT_EXPECTATIONS)
  if (findings.length > 0) return findings[0]!.rule
  const ac = decodeAc(w.sequence(input, raw.RSA_SHA256, w.bitString(Uint8Array.of(1))))
  insist(`${ac.vo}://${ac.uri}` === raw.AUTHORITY, 'lint passes another policy authority')
  insist(
    ac.fqans.length > 0 && ac.fqans.every(fqan => isWithinVo(fqan, ac.vo)),
    'lint passes an FQAN outside the VO',
  )
  insist(
    ac.notAfter - ac.notBefore <= LINT_EXPECTATIONS.maxLifetimeSeconds,
    'lint passes too long a lifetime',
  )
  insist(
    ac.notBefore < ac.notAfter && ac.notAfter <= LINT_EXPECTATIONS.issuerNotAfter,
    'lint passes a wrong validity',
  )
  insist(ac.noRevAvail && ac.authorityKeyIdentifier !== undefined, 'lint passes a missing extension')
  insist(
    ac.extensions.every(one => !one.critical || one.oid === '2.5.29.55'),
    'lint passes a critical extension',
  )
  return 'accepted'
}

export const acTargets: readonly FuzzTarget[] = [
  { name: 'ac', corpus: acs, der: true, run: runAc },
  { name: 'acVerify', corpus: [...acs, ...tbss], der: true, run: runVerify, weight: 10 },
  {
    name: 'acExtension',
    corpus: [encodeAcExtension(acs.slice(0, 2)), encodeAcExtension([]), encodeAcExtension(acs)],
    der: true,
    run: runExtension,
  },
  { name: 'lint', corpus: tbss, der: true, run: runLint },
]
