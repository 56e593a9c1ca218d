import type { Clock } from '../clock.ts'
import type { RunningServer } from '../server.ts'
import { answerAsks } from './answerAsks.ts'
import type { Serving } from './serving.ts'

/** This process itself as the one that serves. */
export function serveHere(server: RunningServer, clock: Clock): Serving {
  const answers = answerAsks(server, clock)
  return {
    pid: process.pid,
    ask: (name, ...body) => answers[name](body[0] as never) as never,
    readiness: () => server.readiness(),
    stop: () => server.close(),
    kill() {},
  }
}
