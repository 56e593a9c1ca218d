/**
 * Ids that tie a client's error text to its log line: a prefix of this process and a counter, so that no two
 * requests of a host share one.
 */
export interface RequestIds {
  next(): string
}

/** @param seed any 32-bit number that differs from one process to the next */
export function createRequestIds(seed: number): RequestIds {
  const prefix = (seed >>> 0).toString(36).padStart(7, '0')
  let count = 0
  return { next: () => `${prefix}-${(++count).toString(36)}` }
}
