// Kills a worker each second under load: only connections of the killed one fail, nobody waits long, and each is
// replaced. `node test/faults/killWorkers.ts [SECONDS]`, 60 where none are given.

import { setTimeout as sleep } from 'node:timers/promises'
import { makeSiteFolder, startDaemonProcess, until } from '../supervise/daemonProcess.ts'
import { startLoad } from '../supervise/load.ts'

const CONNECTIONS = 4
/** As long as a client may have to wait. */
const MAX_WAIT_MS = 10_000

const seconds = Number(process.argv[2] ?? 60)
const site = makeSiteFolder()
const daemon = await startDaemonProcess(site)
try {
  const port = await daemon.port()
  const load = startLoad(() => port, { connections: CONNECTIONS })
  let kills = 0
  for (let second = 0; second < seconds; second++) {
    await sleep(1000)
    const serving = (await daemon.status()).workers.filter(({ state }) => state === 'serving')
    const victim = serving[second % Math.max(serving.length, 1)]
    if (victim?.pid === undefined) continue
    process.kill(victim.pid, 'SIGKILL')
    kills++
  }
  const { issued, refused, broken, mismatched, longestMs } = await load.stop()
  await until(async () => (await daemon.status()).workers.every(({ state }) => state === 'serving'))
  const good =
    refused.length === 0 &&
    mismatched === 0 &&
    broken.length <= kills * CONNECTIONS &&
    longestMs <= MAX_WAIT_MS
  console.log(JSON.stringify({ seconds, kills, issued, refused, broken: broken.length, longestMs, good }))
  process.exitCode = good ? 0 : 1
} finally {
  await daemon.stop()
  site.remove()
}
