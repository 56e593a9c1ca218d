import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Long enough that a burst of renewals is one collection. */
const DELAY_MS = 30_000

let collect: (() => void) | undefined
let planned = false

/**
 * TLS contexts that went out of use lie outside of V8's heap, which does not feel them: without a nudge those of
 * hundreds of reloads pile up until it happens to clean up for another reason. Collects once, a while after the first
 * call; the loop stands still for some ten milliseconds then.
 */
export function collectContextsSoon(): void {
  if (planned) return
  planned = true
  const timer = setTimeout(() => {
    planned = false
    collect ??= exposedCollector()
    collect()
  }, DELAY_MS)
  timer.unref()
}

function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
