// Entry of a process that holds a trust directory as a worker does, and tells what each load of it costs.
import { after } from '../../src/authenticate/trust/after.ts'
import { createTrustStore } from '../../src/authenticate/trust/createTrustStore.ts'
import { systemClock } from '../../src/clock.ts'

export interface LoadCost {
  readonly outcome: string
  readonly crls: number
  /** The longest that the event loop was held up, in processor time: what else the machine does is not in it. */
  readonly longestMs: number
  readonly residentBytes: number
}

const store = createTrustStore(
  { folder: process.argv[2]!, pollSeconds: 86_400, debounceMs: 2_000 },
  {
    clock: systemClock,
    after,
    watch: () => ({ close() {} }),
    onReload() {},
    onWatchFailure() {},
  },
)

async function load(): Promise<LoadCost> {
  let longest = 0
  let loading = true
  let before = process.threadCpuUsage()
  const look = () => {
    const now = process.threadCpuUsage()
    longest = Math.max(longest, now.user - before.user + now.system - before.system)
    before = now
    if (loading) setImmediate(look)
  }
  setImmediate(look)
  const { outcome } = await store.reload()
  loading = false
  return {
    outcome,
    crls: store.summary().crls.valid,
    longestMs: longest / 1000,
    residentBytes: process.memoryUsage.rss(),
  }
}

process.on('message', () => {
  void load().then(cost => process.send!(cost))
})
process.on('disconnect', () => process.exit(0))
