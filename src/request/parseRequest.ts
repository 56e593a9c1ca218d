import { LRUCache } from 'lru-cache'
import { bytesToLatin1 } from '../../native-free/bytes/latin1.ts'
import { Refusal } from '../../native-free/refusal.ts'
import { parseLegacyRequest } from '../../native-free/wire/legacyRequest.ts'
import { parseRestQuery } from '../../native-free/wire/parseRestQuery.ts'
import type { IssueRequest } from '../../native-free/wire/types.ts'
import { VomsError } from '../errors.ts'
import type { Frame } from './frame.ts'

/** The members of a VO ask for the same few things. Longer targets are rare, and would be other people's memory. */
const MAX_KNOWN = 500
const MAX_KNOWN_LENGTH = 300
const known = new LRUCache<string, IssueRequest>({ max: MAX_KNOWN })

/**
 * Reads what a client asks for, the same shape from either protocol.
 * @param vo the VO of the port: what a request without FQANs asks for
 * @throws VomsError method-not-allowed, not-found, not-understood, too-large
 */
export function parseRequest(frame: Frame, vo: string): IssueRequest {
  try {
    if (frame.protocol === 'legacy') return parseLegacyRequest(frame.document)
    if (frame.method !== 'GET') throw new VomsError('method-not-allowed', { vo })
    return parseTarget(frame.target, vo)
  } catch (cause) {
    throw cause instanceof Refusal ? toRequestError(cause, frame, vo) : cause
  }
}

/** What a target asks for depends on nothing else than the VO, so it is read once. */
function parseTarget(target: string, vo: string): IssueRequest {
  if (target.length > MAX_KNOWN_LENGTH) return parseRestQuery(target, vo)
  const key = `${vo} ${target}`
  const before = known.get(key)
  if (before !== undefined) return before
  const request = parseRestQuery(target, vo)
  known.set(key, request)
  return request
}

function toRequestError(refusal: Refusal, frame: Frame, vo: string): VomsError {
  switch (refusal.code) {
    case 'REQUEST_PATH':
    case 'REQUEST_QUERY':
      return new VomsError('not-found', { vo }, refusal)
    case 'REQUEST_TOO_LONG':
    case 'XML_TOO_LARGE':
    case 'XML_TOO_MANY':
      return new VomsError('too-large', { vo }, refusal)
    default:
      return new VomsError('not-understood', { vo, text: requestText(frame) }, refusal)
  }
}

// The answer shows a bounded beginning only; there is no need to turn a whole large request into text.
const SHOWN_OCTETS = 1024

function requestText(frame: Frame): string {
  return frame.protocol === 'rest' ? frame.target : bytesToLatin1(frame.document.subarray(0, SHOWN_OCTETS))
}
