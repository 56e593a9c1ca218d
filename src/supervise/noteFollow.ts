import type { Logger } from 'pino'
import type { FollowEvent } from '../adopt/followerKeeper.ts'

/** Tells the log what followers do: what changed, what needs a decision, and when a source cannot be read. */
export function noteFollow(event: FollowEvent, log: Logger): void {
  const { vo } = event
  if (event.kind === 'failed') {
    const detail = event.cause instanceof Error ? event.cause.message : String(event.cause)
    log.error(
      { vo, detail, tryingAgainSeconds: event.everySeconds },
      'the source of the VO cannot be followed',
    )
    return
  }
  const { kind, changes, findings } = event.turn
  if (kind === 'unchanged') {
    log.debug({ vo }, 'the source of the VO has not changed')
    return
  }
  const changed = Object.entries(changes).filter(([, c]) => c.inserted + c.updated + c.deleted > 0)
  log.info(
    { vo, read: kind, changes: Object.fromEntries(changed) },
    'the VO was brought to what its source says',
  )
  for (const { kind, meaning, count, severity } of findings) {
    // Numbers only: names of members have no place in this log.
    if (severity === 'decision') log.warn({ vo, finding: kind, count }, meaning)
  }
}
