/** No server that is worth a load takes so long for a request. */
const SLOWEST_MS = 1000

/**
 * Milliseconds that a load of so many requests may take: far more than each of them, one after the other, does.
 * @param startingMs for its start, and its own warm-up
 */
export function mostMsFor(requests: number, startingMs = 60_000): number {
  return startingMs + requests * SLOWEST_MS
}
