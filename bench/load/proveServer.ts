import { askOnce } from './askOnce.ts'
import type { LoadParameters } from './client.ts'
import { firstAnswer } from './firstAnswer.ts'
import { type Grant, proveAnswer } from './proveAnswer.ts'
import { secureContextOf } from './secureContextOf.ts'

/** What an answer that issued an AC ends with in either protocol. */
export const ISSUED = '</ac></vo'

/** Asks until a server issues an AC, proves that one, and gives the octets of the whole answer. */
export async function proveServer(
  { port }: { readonly port: number },
  { credential, request }: Pick<LoadParameters, 'credential' | 'request'>,
  grant: Grant,
): Promise<number> {
  const secureContext = secureContextOf(credential)
  const answer = await firstAnswer(() => askOnce({ port, secureContext, request, expect: ISSUED }))
  await proveAnswer(answer, grant)
  return answer.length
}
