// Loaded into each process of a daemon under soak (--import, with --expose-gc): on SIGUSR2 it collects garbage and
// adds a line of JSON to FOLDER/PID, FOLDER being VOUCHD_HEAP_PROBE. Only what is reachable is left to be counted.
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

/** What one process holds. Octets. */
export interface HeapSample {
  /** Reachable objects, and the memory outside the heap that hangs on them. */
  readonly reachable: number
  /** Resident, before the collection. */
  readonly resident: number
}

const folder = process.env['VOUCHD_HEAP_PROBE']
if (isMainThread && folder !== undefined && globalThis.gc !== undefined) {
  const file = join(folder, String(process.pid))
  process.on('SIGUSR2', () => {
    const resident = process.memoryUsage.rss()
    // Finalisers free memory outside the heap, which a second collection then sees.
    for (let n = 0; n < 2; n++) globalThis.gc!()
    const { heapUsed, external } = process.memoryUsage()
    const sample: HeapSample = { reachable: heapUsed + external, resident }
    appendFileSync(file, `${JSON.stringify(sample)}\n`)
  })
  // Whoever has a file can be asked; a process without this probe would die of the signal.
  writeFileSync(file, '')
}
