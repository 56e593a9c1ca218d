import { toHex } from '../native-free/bytes/hex.ts'
import { bytesToLatin1 } from '../native-free/bytes/latin1.ts'
import { onelineF0 } from '../native-free/dn/oneline.ts'
import type { ChainAcceptance, ChainRefusal, ChainVerdict } from '../native-free/proxy/types.ts'
import type { Warning } from '../native-free/wire/types.ts'
import { sentenceFor } from './authenticate/reasonSentences.ts'
import type { Clock } from './clock.ts'
import { errorEntry, toVomsError, VomsError } from './errors.ts'
import type { Events, RequestRecord } from './events.ts'
import { type IssueDeps, issue } from './issue/issue.ts'
import type { Profile } from './issue/profile.ts'
import type { Unframed } from './listen/connection.ts'
import type { PeerChain } from './listen/peerChain.ts'
import type { Stage } from './observe/metrics.ts'
import type { Frame } from './request/frame.ts'
import { parseRequest } from './request/parseRequest.ts'
import type { RequestIds } from './requestIds.ts'
import { type ResolveOptions, resolve } from './resolve/resolve.ts'
import type { Directory } from './resolve/types.ts'
import type { Reply } from './respond/reply.ts'
import { type AnswerForm, respond, respondError } from './respond/respond.ts'

/** One VO as requests see it: an immutable snapshot of its settings. */
export interface ServedVo extends ResolveOptions {
  readonly matchSubjectOnly: boolean
  readonly forceBase64: boolean
  readonly profile: Profile
}

export interface ServeDeps {
  readonly vo: ServedVo
  authenticate(sent: readonly Uint8Array[], sessionReused: boolean): ChainVerdict
  /** Whether a holder, as the log names him, may ask once more; each question counts. */
  mayAsk(ca: string, holder: string): boolean
  readonly directory: Directory
  /** Short FQANs of the VO in verified ACs that the chain carries. */
  carriedFqans(chain: ChainAcceptance, vo: string): Promise<ReadonlySet<string>>
  readonly issuing: IssueDeps
  readonly clock: Clock
  readonly requestIds: RequestIds
  readonly events: Events
  /** Milliseconds on a clock that never jumps, for the stage times in the log. */
  monotonic(): number
}

/**
 * The request path. Authenticates the peer's chain, reads what is asked, looks the holder up, resolves what he
 * gets, issues the AC, and answers in the protocol that was asked in. Never rejects: whatever goes wrong
 * becomes the catalogue's answer for it, and one log line with the same id.
 */
export async function serve(peer: PeerChain, frame: Frame, d: ServeDeps): Promise<Reply> {
  const { vo } = d
  const record = startRecord(peer, frame.protocol, d)
  const { stage, total } = stopwatch(record, d)
  const warnings: Warning[] = []
  let form: AnswerForm = { protocol: frame.protocol, base64: vo.forceBase64 }
  let failure: unknown
  try {
    // 1. What is asked? The same shape from either protocol.
    const request = parseRequest(frame, vo.vo)
    form = { protocol: frame.protocol, base64: request.base64 || vo.forceBase64 }
    record.asked = request.commands.map(command => command.text)

    // 2. Who asks? The EEC of the validated path, whatever stood in the list.
    const chain = d.authenticate(peer.sent, peer.sessionReused)
    stage('validate')
    if (!chain.accepted) throw new VomsError('chain-refused', { reason: sentenceFor(chain) }, chain)
    noteHolder(record, chain)
    if (!d.mayAsk(record.ca!, record.holder!)) throw new VomsError('too-many-requests', {})

    // 3. What does the holder have, and what of it does he get?
    const lookup = await d.directory.lookup(vo.vo, chain.eec, vo.matchSubjectOnly)
    if (vo.matchSubjectOnly) record.matchedBySubject = true
    const carried = await d.carriedFqans(chain, vo.vo)
    const now = d.clock.now()
    const granted = resolve(lookup, request, carried, vo, now, vo.profile.issuer.notAfter - now, warnings)
    stage('lookup')
    record.given = granted.fqans
    if (granted.listOnly) {
      record.outcome = 'listed'
      return respond(form, { ac: undefined, list: granted.fqans, warnings, error: undefined })
    }

    // 4. Prepare, lint, record the intent, sign, assemble.
    const { subject, issuer, serial } = chain.eec
    const holder = { subject: subject.der, issuer: issuer.der, serial }
    const grant = { ...granted, holder, targets: request.targets }
    const issued = await issue(grant, vo.profile, record, d.issuing, stage)
    stage('sign')
    record.serial = toHex(issued.serial)
    record.lifetimeSeconds = issued.notAfter - issued.notBefore

    // 5. Answer.
    record.outcome = 'issued'
    return respond(form, { ac: issued.ac, list: undefined, warnings, error: undefined })
  } catch (thrown) {
    const error = toVomsError(thrown)
    failure = noteError(record, error)
    return respondError(form, error, vo.vo, record.id, warnings)
  } finally {
    if (warnings.length > 0) record.warnings = warnings.map(warning => warning.number)
    total()
    d.events.requestAnswered(record, failure)
  }
}

/** The answer to what never became a request, with the same log line and id. */
export function refuseUnframed(
  peer: PeerChain,
  protocol: Frame['protocol'],
  why: Unframed,
  seen: Uint8Array,
  d: Pick<ServeDeps, 'vo' | 'requestIds' | 'events'>,
): Reply {
  const record = startRecord(peer, protocol, d)
  const error =
    why === 'not-understood'
      ? new VomsError(why, { text: bytesToLatin1(seen.subarray(0, SHOWN_OCTETS)) })
      : new VomsError(why, {})
  d.events.requestAnswered(record, noteError(record, error))
  return respondError({ protocol, base64: d.vo.forceBase64 }, error, d.vo.vo, record.id)
}

// The answer shows a bounded beginning only.
const SHOWN_OCTETS = 1024

function startRecord(
  peer: PeerChain,
  protocol: Frame['protocol'],
  d: Pick<ServeDeps, 'vo' | 'requestIds' | 'events'>,
): RequestRecord {
  d.events.requestStarted(d.vo.vo)
  return {
    id: d.requestIds.next(),
    vo: d.vo.vo,
    protocol,
    address: peer.address,
    tls: peer.tlsVersion,
    outcome: 'failed',
    stages: {},
  }
}

interface Stopwatch {
  /** The stage that has just ended; of one that comes twice both times count. */
  stage(name: Stage): void
  total(): void
}

/** Notes how long each stage took, and all of them, in milliseconds. */
function stopwatch(record: RequestRecord, d: ServeDeps): Stopwatch {
  const start = d.monotonic()
  let last = start
  return {
    stage(name) {
      const now = d.monotonic()
      record.stages[name] = rounded((record.stages[name] ?? 0) + now - last)
      last = now
    },
    total() {
      record.totalMs = rounded(d.monotonic() - start)
    },
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}

function noteHolder(record: RequestRecord, chain: ChainAcceptance): void {
  record.holder = onelineF0(chain.eec.subject)
  record.ca = onelineF0(chain.eec.issuer)
  record.proxyDepth = chain.proxies.length
  if (chain.wouldRefuse !== undefined) record.wouldRefuse = chain.wouldRefuse.reason
}

/** Notes the refusal, and answers what to log as the inner cause of a failure of ours. */
function noteError(record: RequestRecord, error: VomsError): unknown {
  record.code = error.code
  if (errorEntry(error.code).fault === 'server') return error.cause ?? error
  record.outcome = 'refused'
  if (isChainRefusal(error.cause)) {
    record.reason = error.cause.reason
    record.detail = error.cause.detail
    const { certificate } = error.cause
    if (certificate !== undefined) record.holder = onelineF0(certificate.subject)
  } else if (error.cause instanceof Error) {
    record.detail = error.cause.message
  }
  return undefined
}

function isChainRefusal(cause: unknown): cause is ChainRefusal {
  return typeof cause === 'object' && cause !== null && 'accepted' in cause && cause.accepted === false
}
