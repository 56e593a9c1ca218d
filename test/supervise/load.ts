import { setTimeout as sleep } from 'node:timers/promises'
import { askRest, type ClientCertificate, type RestAnswer, userNamed } from '../e2e/daemon.ts'
import { readAcIndependently } from '../independent/readAc.ts'

/** What came of many requests. */
export interface LoadResult {
  readonly issued: number
  /** Answers other than an AC, in words. */
  readonly refused: readonly string[]
  /** Connections that broke or were refused, by the system's error or the end of the connection. */
  readonly broken: readonly string[]
  /** ACs whose signature is not that of the certificate that they carry. */
  readonly mismatched: number
  /** The longest that a client had to wait, for an answer or the end of its connection. */
  readonly longestMs: number
  /** How long each client waited that got an AC. */
  readonly waits: readonly number[]
}

const user = userNamed('test0')

export interface LoadOptions {
  /** Who asks; a member of the sample VO when absent. */
  readonly as?: ClientCertificate
  /** Over so many connections at once. */
  readonly connections?: number
  /** Between an answer and the next question of the same connection. */
  readonly pauseMs?: number
  /** Told of each answer, as it comes. */
  readonly onAnswer?: (answer: RestAnswer) => void
}

/** Asks until every worker, most likely, has the member in its cache: the first look-up of a busy machine is slow. */
export async function warmUp(port: number): Promise<void> {
  for (let good = 0; good < 10; ) good = (await askRest(port, [user])).status === 200 ? good + 1 : 0
}

/** Asks a port again and again until it is stopped. Each AC is verified. */
export function startLoad(
  port: () => number,
  { as = user, connections = 4, pauseMs = 0, onAnswer }: LoadOptions = {},
): { stop(): Promise<LoadResult> } {
  let running = true
  let issued = 0
  let mismatched = 0
  let longestMs = 0
  const refused: string[] = []
  const broken: string[] = []
  const waits: number[] = []

  async function note(answer: RestAnswer, waitedMs: number): Promise<void> {
    onAnswer?.(answer)
    if (Number.isNaN(answer.status)) broken.push('closed without an answer')
    else if (answer.ac === undefined) refused.push(`${answer.status} ${answer.code} ${answer.message}`)
    else {
      issued++
      waits.push(waitedMs)
      const ac = await readAcIndependently(answer.ac)
      if (!ac.signatureValid) mismatched++
    }
  }

  async function ask(): Promise<void> {
    while (running) {
      const began = performance.now()
      let answer: RestAnswer | undefined
      try {
        answer = await askRest(port(), [as])
      } catch (cause) {
        broken.push((cause as NodeJS.ErrnoException).code ?? String(cause))
      }
      const waitedMs = Math.round(performance.now() - began)
      longestMs = Math.max(longestMs, waitedMs)
      if (answer !== undefined) await note(answer, waitedMs)
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }

  const askers = Array.from({ length: connections }, ask)
  return {
    async stop() {
      running = false
      await Promise.all(askers)
      return { issued, refused, broken, mismatched, longestMs, waits }
    },
  }
}
