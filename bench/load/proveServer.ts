import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { askOnce } from './askOnce.ts'
import type { LoadParameters } from './client.ts'
import { type Grant, proveAnswer } from './proveAnswer.ts'

/** What an answer that issued an AC ends with in either protocol. */
export const ISSUED = '</ac></vo'

/** Far more than the first look-up of a database that was just started takes, on a busy machine too. */
const FIRST_ANSWER_MS = 60_000
const BETWEEN_MS = 50

/** Asks until a server issues an AC, proves that one, and gives the octets of the whole answer. */
export async function proveServer(
  { port }: { readonly port: number },
  { credential, request }: Pick<LoadParameters, 'credential' | 'request'>,
  grant: Grant,
): Promise<number> {
  const secureContext = createSecureContext({
    cert: readFileSync(credential.certificate),
    key: readFileSync(credential.key),
  })
  const answer = await firstAnswer(() => askOnce({ port, secureContext, request, expect: ISSUED }))
  await proveAnswer(answer, grant)
  return answer.length
}

async function firstAnswer(ask: () => Promise<string>): Promise<string> {
  const until = performance.now() + FIRST_ANSWER_MS
  for (;;) {
    const isLast = performance.now() > until
    try {
      return await ask()
    } catch (cause) {
      if (isLast) throw cause
      await sleep(BETWEEN_MS)
    }
  }
}
