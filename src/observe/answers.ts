import type { Answer, Answers } from './httpListener.ts'
import { formatMetrics } from './mergeSnapshots.ts'
import type { Snapshot } from './snapshot.ts'
import type { PartState, Status } from './status.ts'
import { renderStatusPage, statusPagePolicy } from './statusPage.ts'

/** What those who watch can ask the daemon. Each is bounded in time by the listener. */
export interface Watched {
  /** Of all processes together. */
  metrics(): Promise<Snapshot>
  readiness(): Promise<readonly PartState[]>
  status(): Promise<Status>
}

/** The paths of docs/operations.md. */
export function createAnswers(watched: Watched): Answers {
  return async (path, accept) => {
    switch (path) {
      case '/metrics':
        return {
          status: 200,
          type: 'text/plain; version=0.0.4; charset=utf-8',
          body: await formatMetrics(await watched.metrics()),
        }
      case '/livez':
        return text(200, 'alive\n')
      case '/readyz':
        return readiness(await watched.readiness(), accept)
      case '/status.json':
        return json(200, await watched.status())
      case '/':
      case '/status':
        return status(await watched.status(), accept)
      default:
        return undefined
    }
  }
}

function readiness(parts: readonly PartState[], accept: string): Answer {
  const ready = parts.every(part => part.ready)
  const code = ready ? 200 : 503
  if (wantsJson(accept)) return json(code, { ready, parts })
  const lines = parts.map(
    ({ part, ready, why }) =>
      `${part}: ${ready ? 'ready' : 'not ready'}${why === undefined ? '' : ` (${why})`}`,
  )
  return text(code, `${ready ? 'ready' : 'not ready'}\n\n${lines.join('\n')}\n`)
}

function status(state: Status, accept: string): Answer {
  if (wantsJson(accept)) return json(200, state)
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: renderStatusPage(state),
    headers: { 'Content-Security-Policy': statusPagePolicy(), 'Referrer-Policy': 'no-referrer' },
  }
}

/** A browser asks for HTML, whatever else it takes. */
function wantsJson(accept: string): boolean {
  return accept.includes('application/json') && !accept.includes('text/html')
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value, undefined, 2)}\n` }
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body }
}
