import { Refusal } from '../refusal.ts'

/** Why a policy file cannot be used; `at` of the refusal is the line, from 1. */
export type PolicyFileRefusal = Refusal<'policy-file-bad'>

/** The largest file of the public distribution has 3 KB; a thousand times that is a mistake. */
const MAX_BYTES = 1 << 20

/** Rules one file may hold, after each issuer of an entry is paired with each of its patterns. */
export const MAX_RULES = 10_000

export function badPolicyFile(message: string, line: number): PolicyFileRefusal {
  return new Refusal('policy-file-bad', message, line)
}

/** Text of a policy file: UTF-8 where it is valid, Latin-1 otherwise. Throws PolicyFileRefusal when too large. */
export function decodePolicyText(file: Uint8Array): string {
  if (file.length > MAX_BYTES) throw badPolicyFile(`larger than ${MAX_BYTES} octets`, 1)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file)
  } catch {
    let text = ''
    for (const octet of file) text += String.fromCharCode(octet)
    return text
  }
}
