import type { Frame } from './frame.ts'

type Check = (value: unknown) => boolean
type Shape = Readonly<Record<string, Check>>

const text: Check = value => typeof value === 'string'
const whole: Check = value => Number.isSafeInteger(value)
const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)
const listOf =
  (check: Check): Check =>
  value =>
    Array.isArray(value) && value.every(check)
const shaped =
  (shape: Shape): Check =>
  value =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shape).every(([name, check]) => check((value as Record<string, unknown>)[name]))

const TAIL = shaped({ bytes: whole, sha256: text })
const PREVIOUS = shaped({ segment: whole, length: whole, n: whole, hash: text, tail: optional(TAIL) })
const HEAD = shaped({ log: text, segment: whole, n: whole, hash: text })

/** What readers take of each kind of record; see records.ts. */
const SHAPES = new Map<string, Check>([
  ['begin', shaped({ log: text, segment: whole, previous: optional(PREVIOUS) })],
  [
    'intent',
    shaped({
      id: text,
      vo: text,
      serial: text,
      holder: text,
      holderSerial: text,
      issuer: text,
      fqans: listOf(text),
      notBefore: whole,
      notAfter: whole,
      tbs: text,
      protocol: text,
      address: text,
    }),
  ],
  ['issued', shaped({ id: text, serial: text, ac: text })],
  ['failed', shaped({ id: text, serial: text, code: text })],
  ['removed', shaped({ through: whole, n: whole, hash: text })],
  ['lost', shaped({ since: whole, count: whole })],
  ['checkpoint', shaped({ key: text, logs: listOf(HEAD), signature: text })],
])
const ANY = shaped({})

/**
 * What is wrong with a record's fields, undefined when nothing is. Its hash may be right all the same: who can write
 * to the folder can compute one, and readers must not trip over what he wrote. Kinds that are not known may hold
 * anything.
 */
export function shapeFault({ k, body }: Pick<Frame, 'k' | 'body'>): string | undefined {
  try {
    const fields: unknown = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'),
    )
    return (SHAPES.get(k) ?? ANY)(fields) ? undefined : `a record of kind ${k} without the fields of one`
  } catch {
    return 'a record that is no JSON'
  }
}
