import { randomInt } from 'node:crypto'
import { onelineF1 } from '../../../native-free/dn/oneline.ts'
import { type Outcome, ownOutcome, serverOutcome } from '../../adopt/compare/outcome.ts'
import type { ShadowOptions } from '../../adopt/compare/shadow.ts'
import { type ComparedRequest, standardRequests } from '../../adopt/compare/standardRequests.ts'
import type { Authenticator } from '../../authenticate/authenticate.ts'
import { sentenceFor } from '../../authenticate/reasonSentences.ts'
import type { Endpoint } from '../../client/connectTls.ts'
import { AcRequestError, type RequestAcOptions, requestAc } from '../../client/requestAc.ts'
import { tlsIdentity, type UserCredential } from '../../client/UserCredential.ts'
import type { Directory } from '../../resolve/types.ts'
import type { DifferenceReport } from './differenceReport.ts'

export interface CompareServerOptions {
  readonly server: Endpoint
  readonly credentials: readonly UserCredential[]
  /** Instead of the standard ones, when there is any. */
  readonly requests: readonly ComparedRequest[]
  readonly client: Omit<RequestAcOptions, 'identity' | 'random' | 'onContact'>
  readonly shadow: ShadowOptions
  readonly directory: Directory
  /** The daemon's own judge of clients' chains: it refuses some whom other servers let in. */
  readonly authenticator: Pick<Authenticator, 'authenticate'>
  onProgress(subject: string): void
}

/** Asks a server and the own resolver for the same, with every credential, one request after the other. */
export async function compareServer(options: CompareServerOptions, report: DifferenceReport): Promise<void> {
  const { credentials, requests, shadow } = options
  for (const credential of credentials) {
    const { eec } = credential
    const subject = onelineF1(eec.subject)
    options.onProgress(subject)
    const lookup = await options.directory.lookup(shadow.vo, eec, shadow.matchSubjectOnly)
    const wanted = requests.length > 0 ? requests : standardRequests(shadow.vo, lookup, shadow)
    const refusal = refusedChain(credential, options)
    report.certificates += 1
    for (const request of wanted) {
      const whose = { subject, issuer: onelineF1(eec.issuer), request: request.query }
      const ours = refusal ?? ownOutcome(lookup, request.read, shadow)
      report.compare(whose, ours, await askServer(request, credential, options))
    }
  }
}

/** What every request comes to where the certificate itself is refused; undefined where it is not. */
function refusedChain(
  { certificates }: UserCredential,
  { authenticator, shadow }: CompareServerOptions,
): Outcome | undefined {
  const sent = certificates.map(({ der }) => der)
  const verdict = authenticator.authenticate(sent, false)
  if (verdict.accepted) return undefined
  const message = `${shadow.vo}: Your certificate was not accepted: ${sentenceFor(verdict)}.`
  return { kind: 'refused', reason: 'certificate', message }
}

async function askServer(
  { sent }: ComparedRequest,
  credential: UserCredential,
  { server, client }: CompareServerOptions,
): Promise<Outcome> {
  const identity = tlsIdentity(credential)
  try {
    return serverOutcome(
      await requestAc([server], sent, { ...client, identity, random: randomInt, onContact: () => {} }),
    )
  } catch (cause) {
    if (cause instanceof AcRequestError) return serverOutcome(cause)
    throw cause
  }
}
