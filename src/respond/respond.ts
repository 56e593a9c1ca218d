import { formatLegacyAnswer } from '../../native-free/wire/legacyAnswer.ts'
import { formatRestAnswer } from '../../native-free/wire/restAnswer.ts'
import type { IssueAnswer, IssueRequest, Warning } from '../../native-free/wire/types.ts'
import { errorEntry, toWireError, type VomsError } from '../errors.ts'
import type { Reply } from './reply.ts'

/** How to answer: the protocol, and whether a legacy answer is in base64 (as asked for, or forced). */
export interface AnswerForm {
  readonly protocol: IssueRequest['protocol']
  /** Absent: not known, because the request could not be read. */
  readonly base64?: boolean
}

/** Renders a granted AC or list, in the protocol that it was asked in. Warnings come with status 200. */
export function respond(form: AnswerForm, answer: IssueAnswer): Reply {
  return render(form, answer, 200, {})
}

/**
 * Renders an error, in the protocol that was asked in; only the catalogue's text leaves the process. Warnings
 * raised before it are told too; the error decides the status.
 */
export function respondError(
  form: AnswerForm,
  error: VomsError,
  vo: string,
  requestId: string,
  warnings: readonly Warning[] = [],
): Reply {
  const answer = { ac: undefined, list: undefined, warnings, error: toWireError(error, vo, requestId) }
  return render(form, answer, errorEntry(error.code).status, extraHeaders(error))
}

function render(form: AnswerForm, answer: IssueAnswer, status: number, extra: Record<string, string>): Reply {
  if (form.protocol === 'legacy')
    return { protocol: 'legacy', document: formatLegacyAnswer(answer, form.base64 ?? false) }
  const body = formatRestAnswer(answer)
  const headers = {
    'Content-Type': 'text/xml; charset=utf-8',
    'Content-Length': String(body.length),
    Connection: 'close',
    ...extra,
  }
  return { protocol: 'rest', status, headers, body }
}

// Long enough for a queue of a few seconds to empty, short enough for a person to wait.
const RETRY_SECONDS = '5'

function extraHeaders(error: VomsError): Record<string, string> {
  if (error.code === 'method-not-allowed') return { Allow: 'GET' }
  if (error.code === 'too-many-requests') return { 'Retry-After': '60' }
  return errorEntry(error.code).status === 503 ? { 'Retry-After': RETRY_SECONDS } : {}
}
