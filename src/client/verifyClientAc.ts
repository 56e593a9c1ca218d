import { webcrypto } from 'node:crypto'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import type { AttributeCertificate } from '../../native-free/ac/types.ts'
import { type AcFault, verifyAc } from '../../native-free/ac/verifyAc.ts'
import { bytesEqual } from '../../native-free/bytes/equal.ts'
import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { Refusal } from '../../native-free/refusal.ts'
import { type LscChain, parseLsc } from '../../native-free/vomses/lsc.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import { sentenceFor } from '../authenticate/reasonSentences.ts'
import type { Vomsdir } from '../authenticate/trust/createVomsdir.ts'
import { formatTime } from '../formatTime.ts'
import { ClientError } from './ClientError.ts'
import type { ClientTrust } from './clientTrust.ts'

/** What an AC is believed by. */
export interface AcTrust {
  readonly trust: ClientTrust
  readonly vomsdir: Vomsdir
  /** For messages. */
  readonly vomsdirFolder: string
  /** Seconds since the epoch. */
  readonly now: number
}

/** What all clients allow between two clocks. */
const SKEW_SECONDS = 300

/** Reads an AC as a server sent it. Throws ClientError 'ac' for what is none, or is one of another VO. */
export function readReceivedAc(der: Uint8Array, vo: string): AttributeCertificate {
  let ac: AttributeCertificate
  try {
    ac = decodeAc(der)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new ClientError('ac', `what the server sent is no AC: ${cause.message} (${cause.code})`)
  }
  if (ac.vo !== vo) {
    throw new ClientError(
      'ac',
      `the AC is one of VO ${ac.vo} instead of ${vo}`,
      'the vomses line of this server names another VO',
    )
  }
  return ac
}

/**
 * Why an AC would not be believed, in words, or undefined when it would: the AC issuer by LSC file or certificate
 * of the vomsdir, signature, the issuer's chain, holder, dates, extensions. Targets are for others to judge.
 */
export async function acProblem(
  ac: AttributeCertificate,
  holder: Certificate | undefined,
  around: AcTrust,
): Promise<ClientError | undefined> {
  const host = ac.uri.slice(0, ac.uri.lastIndexOf(':'))
  const listing = await listingOf(ac, host, around)
  if (listing instanceof ClientError) return listing
  let untrusted: string | undefined
  const verdict = await verifyAc(webcrypto.subtle, ac, {
    lscChains: listing.chains,
    trust: chain => {
      untrusted = whyUntrusted(chain, around.trust)
      return untrusted === undefined
    },
    now: around.now,
    skewSeconds: SKEW_SECONDS,
    holder,
    target: undefined,
    requireExtensions: true,
  })
  if (verdict.valid) return undefined
  return explainFault(verdict.reason, verdict.detail, { ac, holder, source: listing.source, untrusted })
}

interface Listing {
  readonly chains: readonly LscChain[]
  readonly source: string
}

async function listingOf(
  ac: AttributeCertificate,
  host: string,
  { vomsdir, vomsdirFolder }: AcTrust,
): Promise<Listing | ClientError> {
  const source = `${vomsdirFolder}/${ac.vo}/${host}.lsc`
  const text = await vomsdir.lscText(ac.vo, host)
  if (text !== undefined) {
    try {
      return { chains: parseLsc(text), source }
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      return new ClientError('ac', `${source} cannot be used: ${cause.message}`, 'get it anew from the VO')
    }
  }
  const chains = await chainsOfCertificates(ac, vomsdir)
  if (chains.length > 0) return { chains, source: `the certificates in ${vomsdirFolder}/${ac.vo}` }
  const lines =
    ac.certificates.length === 0 ? '' : `; for this AC it would hold: ${issuerLines(ac).join(' and ')}`
  return new ClientError(
    'ac',
    `it is not known who may issue ACs of VO ${ac.vo}: there is no ${source}`,
    `get this LSC file from the VO${lines}`,
  )
}

/** A certificate in the vomsdir stands for an LSC file with its two names. */
async function chainsOfCertificates(ac: AttributeCertificate, vomsdir: Vomsdir): Promise<LscChain[]> {
  const installed = await vomsdir.certificates(ac.vo)
  const [signer] = ac.certificates
  const isInstalled = signer !== undefined && installed.some(der => bytesEqual(der, signer))
  return isInstalled ? [issuerLines(ac)] : []
}

/** Subject and issuer of each embedded certificate; none where one cannot be read. */
function issuerLines(ac: AttributeCertificate): string[] {
  try {
    return ac.certificates
      .map(parseCertificate)
      .flatMap(({ subject, issuer }) => [onelineF1(subject), onelineF1(issuer)])
  } catch (cause) {
    if (cause instanceof Refusal) return []
    throw cause
  }
}

function whyUntrusted(chain: readonly Certificate[], { cas, folder, authenticator }: ClientTrust) {
  if (cas === 0) return `there is no CA certificate in ${folder}`
  const verdict = authenticator.authenticate(
    chain.map(({ der }) => der),
    false,
  )
  if (!verdict.accepted) return `${sentenceFor(verdict)} (${verdict.reason}: ${verdict.detail})`
  return verdict.proxies.length > 0 ? 'it was signed by a proxy' : undefined
}

interface Circumstances {
  readonly ac: AttributeCertificate
  readonly holder: Certificate | undefined
  readonly source: string
  readonly untrusted: string | undefined
}

function explainFault(reason: AcFault, detail: string, around: Circumstances): ClientError {
  const { ac, holder, source, untrusted } = around
  const clock = 'check the clock of this machine'
  const problem = (message: string, advice?: string) => new ClientError('ac', message, advice)
  switch (reason) {
    case 'AC_SIGNER_NOT_LISTED':
      return problem(
        `the AC was issued by somebody else than ${source} names: ${issuerLines(ac).join(', issued by ')}`,
        'if the VO has a new host certificate, get the new LSC file from it',
      )
    case 'AC_SIGNER_UNTRUSTED':
      return problem(`the certificate of the AC issuer was not accepted: ${untrusted ?? detail}`)
    case 'AC_WRONG_HOLDER':
      return problem(
        `the AC was issued to another certificate: ${onelineF1(parseName(ac.holderName))}, not ${holder === undefined ? 'yours' : onelineF1(holder.subject)} (${detail})`,
      )
    case 'AC_NOT_YET_VALID':
      return problem(`the AC is not valid before ${formatTime(ac.notBefore)}`, clock)
    case 'AC_EXPIRED':
      return new ClientError(
        'ac-expired',
        `the AC has no time left: it was good until ${formatTime(ac.notAfter)}`,
        clock,
      )
    case 'AC_SIGNATURE_INVALID':
      return problem(`the signature of the AC is wrong: ${detail}`)
    default:
      return problem(`the AC is not as it should be: ${detail} (${reason})`)
  }
}
