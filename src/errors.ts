import type { WireError } from '../native-free/wire/types.ts'

/** Every way a request can be refused or fail. The catalogue below holds what the client is told. */
export type ErrorCode =
  | 'no-such-user'
  | 'suspended'
  | 'aup-not-signed'
  | 'unsatisfiable'
  | 'not-understood'
  | 'nothing-left'
  | 'chain-refused'
  | 'ambiguous-user'
  | 'database'
  | 'audit'
  | 'overloaded'
  | 'too-many-requests'
  | 'not-found'
  | 'method-not-allowed'
  | 'too-large'
  | 'timeout'
  | 'internal'

/** `vo` is for the log; the client's text names the VO of the port it asked at. */
interface Raised {
  readonly vo?: string
}

/** What each code is raised with: the values its text needs. */
export interface ErrorParameters {
  'no-such-user': Raised
  /** `reason`: as the directory has it. */
  suspended: Raised & { readonly reason: string | undefined }
  /** `name`: what the member is called; `id` is told where clients would take the name for another error. */
  'aup-not-signed': Raised & { readonly name: string; readonly id: string }
  /** `command`: in legacy form, as Command.text has it. */
  unsatisfiable: Raised & { readonly command: string }
  /** `text`: the request, or the part of it that is wrong; any length, any characters. */
  'not-understood': Raised & { readonly text: string }
  'nothing-left': Raised
  /** `reason`: the sentence of a reason code, without its full stop. */
  'chain-refused': Raised & { readonly reason: string }
  'ambiguous-user': Raised
  database: Raised
  audit: Raised
  overloaded: Raised
  'too-many-requests': Raised
  'not-found': Raised
  'method-not-allowed': Raised
  'too-large': Raised
  timeout: Raised
  internal: Raised
}

/** One entry of the catalogue. */
export interface ErrorEntry<Code extends ErrorCode = ErrorCode> {
  /** HTTP status of the REST answer. */
  readonly status: number
  /** The REST <code>. */
  readonly code: WireError['code']
  /** The legacy <number>. */
  readonly number: 1001 | 1002 | 1003 | 1004 | 1005 | 1006
  /** Whose fault it is: decides the log level. */
  readonly fault: 'client' | 'server'
  text(vo: string, parameters: ErrorParameters[Code]): string
}

// Clients stop for good at "User unknown to this VO", "suspended" and "not active": only the errors that are
// final may contain them.
const FINAL_TEXT = /User unknown to this VO|suspended|not active/i

const catalogue: { readonly [Code in ErrorCode]: ErrorEntry<Code> } = {
  'no-such-user': {
    status: 403,
    code: 'NoSuchUser',
    number: 1001,
    fault: 'client',
    text: vo => `${vo}: User unknown to this VO.`,
  },
  suspended: {
    status: 403,
    code: 'SuspendedUser',
    number: 1004,
    fault: 'client',
    text: (_vo, { reason }) =>
      `User is currently suspended!\nSuspension reason: ${echo(reason ?? 'Reason unknown', MAX_REASON)}`,
  },
  'aup-not-signed': {
    status: 403,
    code: 'SuspendedUser',
    number: 1004,
    fault: 'client',
    text: (_vo, { name, id }) =>
      `User ${echo(FINAL_TEXT.test(name) ? id : name, MAX_NAME)} needs to sign AUP for this organization in order to proceed.`,
  },
  unsatisfiable: {
    status: 400,
    code: 'BadRequest',
    number: 1001,
    fault: 'client',
    text: (vo, { command }) => `${vo}: Unable to satisfy ${echo(command, MAX_COMMAND)} request!`,
  },
  'not-understood': {
    status: 400,
    code: 'BadRequest',
    number: 1005,
    fault: 'client',
    text: (_vo, { text }) => `Unable to interpret command: ${echo(text, MAX_ECHO)}`,
  },
  'nothing-left': {
    status: 500,
    code: 'InternalError',
    number: 1002,
    fault: 'client',
    text: vo => `${vo} : no valid VOMS attributes found for your request.`,
  },
  'chain-refused': {
    status: 403,
    code: 'InternalError',
    number: 1006,
    fault: 'client',
    text: (vo, { reason }) => `${vo}: Your certificate was not accepted: ${echo(reason, MAX_REASON)}.`,
  },
  'ambiguous-user': {
    status: 403,
    code: 'InternalError',
    number: 1006,
    fault: 'client',
    text: vo =>
      `${vo}: Your certificate belongs to more than one member of this VO; its administrators can tell.`,
  },
  database: {
    status: 503,
    code: 'InternalError',
    number: 1003,
    fault: 'server',
    text: vo => `${vo}: Problems in DB communication.`,
  },
  audit: {
    status: 503,
    code: 'InternalError',
    number: 1006,
    fault: 'server',
    text: vo => `${vo}: The server cannot record what it issues, please try again later.`,
  },
  overloaded: {
    status: 503,
    code: 'InternalError',
    number: 1006,
    fault: 'server',
    text: vo => `${vo}: The server is busy, please try again in a few seconds.`,
  },
  'too-many-requests': {
    status: 429,
    code: 'InternalError',
    number: 1006,
    fault: 'client',
    text: vo => `${vo}: Too many requests with your certificate, please try again in a minute.`,
  },
  'not-found': {
    status: 404,
    code: 'BadRequest',
    number: 1005,
    fault: 'client',
    text: () => 'Nothing is found here: ask for /generate-ac, with parameters of the form name=value.',
  },
  'method-not-allowed': {
    status: 405,
    code: 'BadRequest',
    number: 1005,
    fault: 'client',
    text: () => 'Only the method GET is allowed.',
  },
  'too-large': {
    status: 413,
    code: 'BadRequest',
    number: 1005,
    fault: 'client',
    text: vo => `${vo}: The request is too large.`,
  },
  timeout: {
    status: 408,
    code: 'BadRequest',
    number: 1006,
    fault: 'client',
    text: vo => `${vo}: The request did not arrive in time.`,
  },
  internal: {
    status: 500,
    code: 'InternalError',
    number: 1006,
    fault: 'server',
    text: vo => `${vo}: Internal error.`,
  },
}

/** All codes, in the catalogue's order. */
export const ERROR_CODES = Object.keys(catalogue) as readonly ErrorCode[]

/** A refusal or failure of a request. `parameters` reach the client as its text; `cause` never does. */
export class VomsError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code
  readonly parameters: ErrorParameters[Code]
  constructor(code: Code, parameters: ErrorParameters[Code], cause?: unknown) {
    super(code, { cause })
    this.name = 'VomsError'
    this.code = code
    this.parameters = parameters
  }
}

/** The catalogue's entry for a code: status, code word, legacy number, whose fault. */
export function errorEntry<Code extends ErrorCode>(code: Code): ErrorEntry<Code> {
  return catalogue[code]
}

/** Whatever was thrown, as a VomsError: anything that is not one becomes `internal` with it as cause. */
export function toVomsError(thrown: unknown): VomsError {
  return thrown instanceof VomsError ? thrown : new VomsError('internal', {}, thrown)
}

/** What the client is told, in either protocol: the catalogue's text followed by ` [ID]`. */
export function toWireError(error: VomsError, vo: string, requestId: string): WireError {
  const { code, number, text } = errorEntry(error.code)
  return { code, number, message: `${text(vo, error.parameters)} [${requestId}]` }
}

// Texts that come from the client or the directory are cut, so that no answer grows with a request. A command
// holds a group path and a role: 1024 is beyond the longest ones in use.
const MAX_COMMAND = 1024
const MAX_REASON = 1024
const MAX_NAME = 200
const MAX_ECHO = 100

/** A bounded, printable copy of foreign text: control characters other than line feed and tab become \xHH. */
function echo(text: string, limit: number): string {
  const points = [...text.slice(0, limit * 2)]
  const kept = points.slice(0, limit).join('')
  const cut = points.length > limit || text.length > limit * 2
  const printable = kept.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    control => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return cut ? `${printable}...` : printable
}
