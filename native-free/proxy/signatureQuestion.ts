import type { Certificate } from '../x509/certificate.ts'

/** Asked by chain rules of whoever runs them: does `issuer`'s key verify the signature on `child`? */
export interface SignatureQuestion {
  readonly child: Certificate
  readonly issuer: Certificate
}

/** Runs rules whose signature questions are answered at once. */
export function runSync<Result>(
  rules: Generator<SignatureQuestion, Result, boolean>,
  verify: (question: SignatureQuestion) => boolean,
): Result {
  let step = rules.next()
  while (!step.done) step = rules.next(verify(step.value))
  return step.value
}

/** Runs rules whose signature questions are answered by promises, one after another: WebCrypto. */
export async function runAsync<Result>(
  rules: Generator<SignatureQuestion, Result, boolean>,
  verify: (question: SignatureQuestion) => Promise<boolean>,
): Promise<Result> {
  let step = rules.next()
  while (!step.done) step = rules.next(await verify(step.value))
  return step.value
}
