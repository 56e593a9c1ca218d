import { type KeyObject, sign, verify } from 'node:crypto'
import { type Frame, fieldsOf } from './frame.ts'
import type { CheckpointRecord } from './records.ts'

/** The body with the signature as its last field, over the hash of the record before and the body without it. */
export function signCheckpoint(privateKey: KeyObject, previous: string, body: string): string {
  const signature = sign(null, Buffer.from(previous + body), privateKey).toString('base64')
  return `${body.slice(0, -1)},"signature":"${signature}"}`
}

const SIGNATURE = /,"signature":"([A-Za-z0-9+/]{86}==)"\}$/

/** Whether a checkpoint bears the signature of one of the keys, by their ids. */
export function isSigned(
  keys: ReadonlyMap<string, KeyObject>,
  previous: string,
  { body }: Pick<Frame, 'body'>,
): boolean {
  const text = Buffer.from(body).toString('utf8')
  const signature = SIGNATURE.exec(text)
  const key = keys.get(fieldsOf<CheckpointRecord>({ body }).key)
  if (signature === null || key === undefined) return false
  const signed = Buffer.from(`${previous}${text.slice(0, signature.index)}}`)
  return verify(null, signed, key, Buffer.from(signature[1]!, 'base64'))
}
