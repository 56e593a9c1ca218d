import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createEvents } from '../events.ts'
import type { ListenOn } from '../listen/port.ts'
import { createMetrics } from '../observe/metrics.ts'
import { createServer } from '../server.ts'
import { answerAsks } from './answerAsks.ts'
import type { Doors } from './doors.ts'
import type { Serving } from './serving.ts'
import type { SupervisorDeps } from './supervisor.ts'

/** This process itself as the one that serves, where there are no workers. */
export function serveHere(doors: Pick<Doors, 'handle'>, deps: SupervisorDeps): Serving {
  const { clock, monotonic, registry } = deps
  const listenOn: ListenOn = async (server, { key, backlog }) => {
    await once(server.listen(doors.handle(key), backlog), 'listening')
  }
  const server = createServer({
    clock,
    monotonic,
    events: createEvents(deps.log, { metrics: createMetrics('main', registry), monotonic }),
    processNumber: randomInt(2 ** 32),
    listenOn,
    storeMode: 'worker',
  })
  const answers = answerAsks(server, clock)
  return {
    pid: process.pid,
    ask: (name, ...body) => answers[name](body[0] as never) as never,
    readiness: () => server.readiness(),
    stop: () => server.close(),
    kill() {},
  }
}
