import { webcrypto } from 'node:crypto'
import type { AttributeCertificate } from '../../../native-free/ac/types.ts'
import { type VerifyAcOptions, verifyAc } from '../../../native-free/ac/verifyAc.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { onelineF1 } from '../../../native-free/dn/oneline.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { type LscChain, parseLsc } from '../../../native-free/vomses/lsc.ts'
import type { Certificate } from '../../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { verifySignature } from '../../../native-free/x509/verifySignature.ts'
import type { Vomsdir } from '../../authenticate/trust/createVomsdir.ts'
import { isoTime } from '../../formatTime.ts'
import { ownVerdict, type Verdict } from './inspection.ts'
import type { JudgePath } from './judgePath.ts'
import { readIndependently } from './readIndependently.ts'

/** What an AC is judged against besides itself. */
export interface AcSurroundings {
  /** The EEC that came with it; undefined for a bare AC. */
  readonly eec: Certificate | undefined
  readonly vomsdir: Vomsdir
  readonly judgePath: JudgePath
  readonly now: number
}

/** Verifiers allow this much between their clock and the issuer's. */
const SKEW_SECONDS = 300

/**
 * Verdicts on an AC: its structure and signature by both readers; whether a service with this machine's LSC files
 * and CAs would believe it, as far as it has them; all else that verifiers check.
 */
export async function judgeAc(ac: AttributeCertificate, around: AcSurroundings): Promise<Verdict[]> {
  const issuer = issuersOf(ac)[0]
  const lsc = await judgeListing(ac, around)
  const rest = await verifyAc(webcrypto.subtle, ac, { ...ownOptions(ac, around), trust: () => true })
  return [
    ...(await judgeByBoth(ac, issuer)),
    ownVerdict(
      'AC profile',
      rest.valid,
      rest.valid
        ? around.eec === undefined
          ? 'whose it is was not checked'
          : ''
        : `${rest.detail} (${rest.reason})`,
    ),
    lsc,
    judgeIssuerPath(ac, around.judgePath),
  ]
}

function issuersOf(ac: AttributeCertificate): Certificate[] {
  try {
    return ac.certificates.map(parseCertificate)
  } catch (cause) {
    if (cause instanceof Refusal) return []
    throw cause
  }
}

/** Accepts exactly the certificates that the AC itself carries: everything but whether they are believed. */
function ownOptions(ac: AttributeCertificate, around: AcSurroundings): Omit<VerifyAcOptions, 'trust'> {
  const pairs = issuersOf(ac).flatMap(({ subject, issuer }) => [onelineF1(subject), onelineF1(issuer)])
  return { ...commonOptions(around), lscChains: [pairs] }
}

function commonOptions({ now, eec }: AcSurroundings) {
  return { now, skewSeconds: SKEW_SECONDS, holder: eec, target: undefined, requireExtensions: true }
}

async function judgeByBoth(ac: AttributeCertificate, issuer: Certificate | undefined): Promise<Verdict[]> {
  const theirs = await readIndependently('ac', ac.der, issuer?.der)
  const ours: Record<string, string> = {
    serial: toHex(ac.serial).replace(/^(00)+(?=..)/, ''),
    notBefore: isoTime(ac.notBefore),
    notAfter: isoTime(ac.notAfter),
    fqans: ac.fqans.join(' '),
    extensions: ac.extensions.map(({ oid }) => oid).join(' '),
  }
  const differing = Object.keys(ours).filter(name => theirs.facts[name] !== ours[name])
  const difference = theirs.problem ?? (differing.length === 0 ? '' : `reads another ${differing.join(', ')}`)
  const signed = { tbs: ac.acinfo, signature: ac.signature, signatureAlgorithm: ac.signatureAlgorithm }
  const signature = issuer && (await verifySignature(webcrypto.subtle, signed, issuer))
  return [
    {
      check: 'AC structure',
      vouchd: 'good',
      pkijs: difference === '' ? 'good' : 'bad',
      remark: difference === '' ? '' : `pkijs: ${difference}`,
    },
    {
      ...ownVerdict(
        'AC signature',
        signature,
        issuer ? '' : 'it carries no readable certificate of its issuer',
      ),
      pkijs: theirs.signature,
    },
  ]
}

/** Whether this machine's LSC file names the certificates that the AC carries. */
async function judgeListing(ac: AttributeCertificate, around: AcSurroundings): Promise<Verdict> {
  const host = ac.uri.slice(0, ac.uri.lastIndexOf(':'))
  const name = `${ac.vo}/${host}.lsc`
  const text = await around.vomsdir.lscText(ac.vo, host)
  if (text === undefined) return ownVerdict('AC issuer in LSC', undefined, `there is no ${name}`)
  let lscChains: LscChain[]
  try {
    lscChains = parseLsc(text)
  } catch (cause) {
    if (cause instanceof Refusal) return ownVerdict('AC issuer in LSC', false, `${name}: ${cause.message}`)
    throw cause
  }
  const options = { ...commonOptions(around), lscChains, trust: () => true }
  const verdict = await verifyAc(webcrypto.subtle, ac, options)
  const listed = verdict.valid || verdict.reason !== 'AC_SIGNER_NOT_LISTED'
  return ownVerdict('AC issuer in LSC', listed, listed ? name : `${name} names other certificates`)
}

function judgeIssuerPath(ac: AttributeCertificate, judgePath: JudgePath): Verdict {
  if (ac.certificates.length === 0)
    return ownVerdict('AC issuer path', undefined, 'it carries no certificate')
  return judgePath('AC issuer path', ac.certificates)
}
