import { toHex } from '../../../native-free/bytes/hex.ts'
import { bytesToLatin1 } from '../../../native-free/bytes/latin1.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { firstBytes } from '../../../native-free/wire/firstBytes.ts'
import { formatLegacyAnswer, parseLegacyAnswer } from '../../../native-free/wire/legacyAnswer.ts'
import { LegacyRequestReader, parseLegacyRequest } from '../../../native-free/wire/legacyRequest.ts'
import { parseRestQuery } from '../../../native-free/wire/parseRestQuery.ts'
import { formatRestAnswer, parseRestAnswer } from '../../../native-free/wire/restAnswer.ts'
import { MAX_ENTRIES } from '../../../native-free/wire/splitList.ts'
import type { IssueRequest, ReceivedAnswer } from '../../../native-free/wire/types.ts'
import { type XmlElement, XmlReader } from '../../../native-free/wire/xml.ts'
import { orRefusal, outcomeOfRead } from '../outcomeOf.ts'
import type { Random } from '../random.ts'
import { readCorpus } from '../readCorpus.ts'
import { type FuzzTarget, insist, type Outcome, octets } from '../target.ts'

const LIMITS = { maxBytes: 1 << 20, maxDepth: 8, maxElements: 4096, maxAttributes: 16 }
const XML_WORDS = [
  ...[
    '<',
    '>',
    '</',
    '/>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '&b;',
  ],
  ...[
    '&lt;',
    '&amp;',
    '&#10;',
    '&#x0;',
    '&#xD800;',
    '&#1114112;',
    '<a b="c">',
    "'",
    '"',
    '="',
    '\r\n',
    'xml',
  ],
  ...[
    '<?xml version="1.0" encoding="UTF-16"?>',
    '<?xml version="1.0" encoding="ISO-8859-1"?>',
    '\ufeff',
    '<a/>',
  ],
  ...[
    '<voms>',
    '</voms>',
    '<command>',
    '</command>',
    '<order>',
    '<targets>',
    '<lifetime>',
    '<base64/>',
    '<error>',
  ],
].map(octets)

/** The pieces that a connection may deliver it in. */
function pieces(input: Uint8Array, random: Random): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let at = 0; at < input.length; ) {
    const length = random.pick([1, 1, 2, 3, 16, 1000]) + random.below(8)
    out.push(input.subarray(at, at + length))
    at += length
  }
  return out
}

function readXml(parts: readonly Uint8Array[], reader: XmlReader): XmlElement | undefined {
  let root: XmlElement | undefined
  for (const part of parts) root = reader.push(part)
  return root
}

/** However it is cut, a document is the same; and what it costs follows its length. */
function runXml(input: Uint8Array, random: Random): Outcome {
  const [whole, cut] = [new XmlReader(LIMITS), new XmlReader(LIMITS)]
  const one = orRefusal(() => readXml([input], whole))
  const other = orRefusal(() => readXml(pieces(input, random), cut))
  insist(
    describe(one) === describe(other),
    `cut differently, it is another: ${describe(other).slice(0, 100)}`,
  )
  for (const { steps } of [whole, cut]) insist(steps <= 4 * input.length + 100, `${steps} steps`)
  if (one instanceof Refusal) return one.code
  return one === undefined ? 'unfinished' : 'accepted'
}

function describe(result: XmlElement | Refusal | undefined): string {
  if (result === undefined) return 'unfinished'
  return result instanceof Refusal ? result.code : JSON.stringify(plain(result))
}

const plain = (element: XmlElement): unknown => [
  element.name,
  [...element.attributes],
  element.text,
  element.children.map(plain),
]

const MAX_REQUEST = 16_384

function runLegacyRequest(input: Uint8Array, random: Random): Outcome {
  const [one, other] = [[input], pieces(input, random)].map(parts => readRequest(parts))
  insist(one === other, `cut differently, it is another: ${other!.slice(0, 100)}`)
  return one!.startsWith('{') ? 'accepted' : one!
}

function readRequest(parts: readonly Uint8Array[]): string {
  const reader = new LegacyRequestReader(MAX_REQUEST)
  for (const part of parts) {
    const state = reader.push(part)
    if (state === 'incomplete') continue
    if (state === 'too-large') return state
    const request = orRefusal(() => parseLegacyRequest(reader.document()))
    if (request instanceof Refusal) return request.code
    checkRequest(request)
    return JSON.stringify(request)
  }
  return 'incomplete'
}

function checkRequest({ commands, order = [], targets, lifetimeSeconds = 1 }: IssueRequest): void {
  insist(commands.length > 0, 'no command')
  for (const list of [commands, order, targets]) insist(list.length <= MAX_ENTRIES, 'a list without bound')
  insist(
    targets.every(target => /^[!-~]{1,255}$/.test(target) && !target.includes(',')),
    'a target that is no host name',
  )
  insist(
    Number.isInteger(lifetimeSeconds) && lifetimeSeconds > 0 && lifetimeSeconds < 2 ** 31,
    'an impossible lifetime',
  )
  for (const command of commands) {
    const names = ['group' in command ? command.group : '/x', 'role' in command ? command.role : 'x']
    insist(
      names.every(name => /^[0-9A-Za-z_./-]+$/.test(name)),
      'a name of other characters',
    )
    insist(command.kind !== 'list' || command === commands[0], 'a list that is not asked for first')
  }
}

function runRestQuery(input: Uint8Array): Outcome {
  const target = bytesToLatin1(input)
  return outcomeOfRead(
    () => parseRestQuery(target, 'vo.0'),
    request => {
      checkRequest(request)
      compareWithUrl(target, request)
    },
  )
}

/** Where nothing is special about a query, URLSearchParams finds the same lifetime and number of targets. */
function compareWithUrl(target: string, request: IssueRequest): void {
  if (!/^\/generate-ac\?[\w./:,=&-]*$/.test(target)) return
  const parameters = new URLSearchParams(target.slice(target.indexOf('?') + 1))
  const targets = new Set((parameters.getAll('targets').at(-1) ?? '').split(',').filter(one => one !== ''))
  insist(targets.size === request.targets.length, 'URLSearchParams finds other targets')
  const known = ['fqans', 'lifetime', 'order', 'targets']
  const unknown = [...parameters.keys()].some(name => !known.includes(name))
  insist(unknown === request.unknownParameters, 'URLSearchParams finds other parameters')
}

type Parse = (bytes: Uint8Array) => ReceivedAnswer

/** Only an answer without errors grants anything; what is read can be written and read again. */
function runAnswer(input: Uint8Array, parse: Parse, write: (answer: ReceivedAnswer) => Uint8Array): Outcome {
  return outcomeOfRead(
    () => parse(input),
    answer => {
      insist(
        answer.errors.length === 0 || (answer.ac === undefined && answer.list === undefined),
        'an AC with an error',
      )
      // One of the two is all that a server of ours writes.
      if (answer.ac !== undefined && answer.list !== undefined) return
      const again = parse(write(answer))
      const grants = ({ ac, list, errors }: ReceivedAnswer) => [ac && toHex(ac), list, errors[0]?.message]
      insist(same(grants(again), grants(answer)), 'written and read again, it is another')
    },
  )
}

/** Carriage returns and characters that no XML holds do not survive a document; both sides lose them alike. */
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

const asIssued = ({ ac, list, warnings, errors }: ReceivedAnswer) => ({
  ac: list === undefined ? ac : undefined,
  list: ac === undefined ? list : undefined,
  warnings: warnings.map(({ message }) => ({ number: 1 as const, message })),
  error: errors[0] && { code: 'InternalError' as const, number: 1006, message: errors[0].message },
})

function runFirstBytes(input: Uint8Array): Outcome {
  let decided: string | undefined
  for (let length = 0; length <= Math.min(input.length, 100); length++) {
    const decision = firstBytes(input.subarray(0, length))
    const text = JSON.stringify(decision)
    insist(decided === undefined || decided === text, 'a decision is taken back')
    if (decision.kind !== 'more') decided = text
    if (decision.kind === 'more') insist(length <= 82, 'no decision after 82 octets')
    else insist(decision.at <= length, 'the request begins beyond what arrived')
  }
  return decided === undefined ? 'more' : (JSON.parse(decided) as { kind: string }).kind
}

export const wireTargets: readonly FuzzTarget[] = [
  { name: 'xml', corpus: readCorpus('xml'), words: XML_WORDS, run: runXml },
  { name: 'legacyRequest', corpus: readCorpus('legacyRequest'), words: XML_WORDS, run: runLegacyRequest },
  {
    name: 'restQuery',
    corpus: readCorpus('restQuery'),
    words: [
      ...[
        '?',
        '&',
        '=',
        ',',
        '%',
        '%2F',
        '%00',
        '%0d%0a',
        '%c0%ae',
        '%E2%80%AE',
        '/Role=',
        ':',
        'all',
        'http://h',
      ],
      ...[
        'fqans=',
        'lifetime=',
        'order=',
        'targets=',
        '/Capability=',
        '+',
        '#',
        '-1',
        '99999999999999999999',
        ' ',
      ],
    ].map(octets),
    run: runRestQuery,
  },
  {
    name: 'restAnswer',
    corpus: readCorpus('restAnswer'),
    words: XML_WORDS,
    run: input => runAnswer(input, parseRestAnswer, answer => formatRestAnswer(asIssued(answer))),
  },
  {
    name: 'legacyAnswer',
    corpus: readCorpus('legacyAnswer'),
    words: XML_WORDS,
    run: input => runAnswer(input, parseLegacyAnswer, answer => formatLegacyAnswer(asIssued(answer), true)),
  },
  {
    name: 'firstBytes',
    corpus: [
      '0',
      '0GET /generate-ac HTTP/1.0\n',
      '0<?xml version="1.0"?>',
      'GET / HTTP/1.1',
      '<voms>',
      '\r\n0',
    ].map(octets),
    words: ['0', ' ', '\n', 'GET ', '<', 'GET', '\x16\x03', '0000000000000000'].map(octets),
    run: runFirstBytes,
  },
]
