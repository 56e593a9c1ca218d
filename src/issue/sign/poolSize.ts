/** How many processes serve, and how many threads sign in each. */
export interface Concurrency {
  readonly workers: number
  readonly signersPerWorker: number
}

/**
 * The default for a machine with this many cores (of availableParallelism()). One AC costs its worker 1.0 to 1.4 ms
 * on the event loop, mostly the TLS handshake, and a signing thread 0.3 ms (RSA-2048): one thread keeps up with
 * three such loops, so each worker has one, and of four cores three go to event loops. Below four cores every
 * core gets a worker, since the threads of two share them well. A larger AC key changes the balance: RSA-4096
 * takes 2 ms, and `threads` in the configuration overrides.
 */
export function concurrency(cores: number): Concurrency {
  const whole = Math.max(1, Math.floor(cores))
  return { workers: whole < 4 ? whole : Math.floor((whole * 3) / 4), signersPerWorker: 1 }
}
