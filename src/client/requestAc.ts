import { Refusal } from '../../native-free/refusal.ts'
import { buildRestRequest } from '../../native-free/wire/buildRestRequest.ts'
import type { AcRequest, ReceivedAnswer } from '../../native-free/wire/types.ts'
import { askLegacy } from './askLegacy.ts'
import { askRest } from './askRest.ts'
import { ClientError } from './ClientError.ts'
import { connectTls, type Endpoint, type PhaseTimes, type TlsIdentity } from './connectTls.ts'
import type { JudgeServer } from './judgeServer.ts'

export type ClientProtocol = 'rest' | 'legacy'

export interface RequestAcOptions {
  readonly identity: TlsIdentity
  readonly judge: JudgeServer
  readonly times: PhaseTimes
  /** Tried in this order on each server. */
  readonly protocols: readonly ClientProtocol[]
  /** A whole number from 0 to below `bound`: the order of replicas. */
  random(bound: number): number
  /** Hears of each server before it is asked. */
  onContact(server: Endpoint): void
}

/** One connection that brought nothing. */
export interface FailedAttempt {
  readonly server: Endpoint
  readonly protocol: ClientProtocol
  readonly error: ClientError
}

/** An answer with an AC. */
export interface AcAnswer extends ReceivedAnswer {
  readonly ac: Uint8Array
  readonly server: Endpoint
  readonly protocol: ClientProtocol
}

/** No server gave an AC: every attempt in order, at least one. */
export class AcRequestError extends Error {
  readonly attempts: readonly FailedAttempt[]
  constructor(attempts: readonly FailedAttempt[]) {
    super(attempts.map(describeAttempt).join('; '))
    this.name = 'AcRequestError'
    this.attempts = attempts
  }
}

/** What users wait for without losing patience; a healthy server answers in a fraction of a second. */
export const DEFAULT_TIMES: PhaseTimes = { connectMs: 10_000, handshakeMs: 10_000, answerMs: 30_000 }

/** `host:port: what happened`, with what can be done. */
export function describeAttempt({ server, error }: FailedAttempt): string {
  const advice = error.advice === undefined ? '' : ` (${error.advice})`
  return `${formatEndpoint(server)}: ${inOneLine(error.message)}${advice}`
}

/** Servers' words may have several lines, and be long: split, for an expression would take its time over blanks. */
function inOneLine(text: string): string {
  const lines = text.split('\n').map(line => line.trim())
  return lines.filter(line => line !== '').join(' ')
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Gets an AC from any of a VO's servers, in random order, each once: by REST, and by the legacy protocol on a
 * second connection where REST brought no answer. A server that understood and refused is believed when it says
 * suspended or cannot satisfy; after "unknown" and failures of its own the next one is asked, since a server that
 * has lost its database may say so too. Throws AcRequestError.
 */
export async function requestAc(
  servers: readonly Endpoint[],
  request: AcRequest,
  options: RequestAcOptions,
): Promise<AcAnswer> {
  const attempts: FailedAttempt[] = []
  for (const server of shuffle(servers, options.random)) {
    options.onContact(server)
    for (const protocol of options.protocols) {
      try {
        return { ...(await askOnce(server, protocol, request, options)), server, protocol }
      } catch (cause) {
        const attempt = { server, protocol, error: toClientError(cause) }
        attempts.push(attempt)
        if (attempt.error instanceof ServerRefusal && attempt.error.isFinal)
          throw new AcRequestError(attempts)
        if (!mayOtherProtocolHelp(attempt.error)) break
      }
    }
  }
  throw new AcRequestError(attempts)
}

/** A server's own words. */
export class ServerRefusal extends ClientError {
  readonly answer: ReceivedAnswer
  /** Every replica would say the same. */
  readonly isFinal: boolean
  constructor(answer: ReceivedAnswer) {
    super(
      'refused',
      answer.errors.map(({ message }) => message.trim()).join('; ') || 'refused without a word',
    )
    this.answer = answer
    this.isFinal = answer.errors.some(isFinal)
  }
}

function isFinal({ code, number, message }: ReceivedAnswer['errors'][number]): boolean {
  return number === 1004 || code === 'BadRequest' || message.includes('Unable to satisfy')
}

/** One connection, one answer with an AC. */
async function askOnce(
  server: Endpoint,
  protocol: ClientProtocol,
  request: AcRequest,
  { identity, judge, times }: RequestAcOptions,
): Promise<ReceivedAnswer & { readonly ac: Uint8Array }> {
  const rest = protocol === 'rest' ? buildRestRequest(request, server.host, server.port) : undefined
  const socket = await connectTls(server, identity, judge, times)
  const answer = await (rest === undefined
    ? askLegacy(socket, request, times.answerMs)
    : askRest(socket, rest, times.answerMs))
  if (answer.errors.length > 0) throw new ServerRefusal(answer)
  const { ac } = answer
  if (ac === undefined) {
    const said = answer.warnings.map(({ message }) => message.trim()).join('; ')
    throw new ClientError(
      'no-answer',
      said === '' ? 'the answer holds no AC' : `the answer holds no AC: ${said}`,
    )
  }
  return { ...answer, ac }
}

function toClientError(cause: unknown): ClientError {
  if (cause instanceof ClientError) return cause
  if (cause instanceof Refusal) {
    return new ClientError(
      'request',
      `the request cannot be sent over REST: ${cause.message}`,
      undefined,
      cause,
    )
  }
  throw cause
}

/** On the same port the same certificate and the same network are met again. */
function mayOtherProtocolHelp({ code }: ClientError): boolean {
  return ['timeout', 'no-answer', 'answer-not-understood', 'request'].includes(code)
}

/** Fisher and Yates. */
function shuffle<T>(list: readonly T[], random: (bound: number) => number): T[] {
  const shuffled = [...list]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = random(last + 1)
    ;[shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!]
  }
  return shuffled
}
