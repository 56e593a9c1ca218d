import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../../bench/load/statistics.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  PATIENT,
  startDaemonProcess,
  until,
  WORKERS,
} from '../../supervise/daemonProcess.ts'
import { startLoad } from '../../supervise/load.ts'
import { type FaultRun, verdict } from '../faultRun.ts'

const CONNECTIONS = 4
/** As long as a client may have to wait. */
const MAX_WAIT_MS = 10_000
const REPLACED_MS = 1_000
const MANY = 4

/** G9: of killed workers only their own connections fail, and each is replaced at once. */
export const workers: FaultRun = {
  name: 'workers',
  about:
    'a worker is killed each second, then half of four at once; only their own connections fail, nobody waits ' +
    'for more than 10 s, each is replaced within a second',
  unit: 'seconds',
  long: 60,
  short: 3,
  async run(seconds, tell) {
    const { wrong, late, unless, inTime } = verdict()
    const one = await killEachSecond(seconds, text => tell(text))
    const half = await killHalves(Math.max(1, Math.round(seconds / 6)), text => tell(text))
    for (const [what, result, connections] of [
      ['one each second', one, CONNECTIONS],
      ['half at once', half, 2 * CONNECTIONS],
    ] as const) {
      unless(result.refused === 0, `${what}: ${result.refused} refused`)
      unless(result.mismatched === 0, `${what}: ${result.mismatched} ACs with a wrong signature`)
      unless(result.broken <= result.kills * connections, `${what}: ${result.broken} connections broke`)
      inTime(result.longestMs, MAX_WAIT_MS, `${what}: the longest wait`)
      inTime(quantile(result.replaced, 0.99), REPLACED_MS, `${what}: replaced`)
    }
    return {
      figures: {
        'kills, one each second': one.kills,
        'kills, half at once': half.kills,
        issued: one.issued + half.issued,
        'connections broken': one.broken + half.broken,
        refused: one.refused + half.refused,
        'longest wait ms': Math.max(one.longestMs, half.longestMs),
        'replaced after ms, median': Math.round(quantile([...one.replaced, ...half.replaced], 0.5)),
        'serving again after ms, median': Math.round(quantile([...one.serving, ...half.serving], 0.5)),
        'serving again after ms, longest': Math.round(Math.max(...one.serving, ...half.serving)),
      },
      wrong,
      late,
    }
  },
}

interface KillsResult {
  readonly kills: number
  readonly issued: number
  readonly refused: number
  readonly broken: number
  readonly mismatched: number
  readonly longestMs: number
  /** From the kill to a new process, and to one that serves. */
  readonly replaced: readonly number[]
  readonly serving: readonly number[]
}

/** As far as one serves again: with two workers there is always another. */
function killEachSecond(seconds: number, tell: (text: string) => void): Promise<KillsResult> {
  return underLoad(2, async (daemon, kill) => {
    for (let second = 0; second < seconds; second++) {
      tell(`second ${second}`)
      await sleep(1000)
      const serving = (await daemon.status()).workers.filter(({ state }) => state === 'serving')
      const victim = serving[second % Math.max(serving.length, 1)]
      if (victim !== undefined) await kill([victim.worker])
    }
  })
}

function killHalves(times: number, tell: (text: string) => void): Promise<KillsResult> {
  return underLoad(MANY, async (daemon, kill) => {
    for (let time = 0; time < times; time++) {
      tell(`half, ${time}`)
      await kill(time % 2 === 0 ? [0, 1] : [2, 3])
      await allServe(daemon)
      await sleep(200)
    }
  })
}

async function underLoad(
  count: number,
  work: (daemon: DaemonProcess, kill: (workers: readonly number[]) => Promise<void>) => Promise<void>,
): Promise<KillsResult> {
  const site = makeSiteFolder(undefined, { tables: PATIENT })
  site.configure(WORKERS.replace('2', String(count)))
  const daemon = await startDaemonProcess(site)
  const replaced: number[] = []
  const serving: number[] = []
  let kills = 0
  try {
    await allServe(daemon)
    const port = await daemon.port()
    const load = startLoad(() => port, { connections: CONNECTIONS * (count / 2) })
    const following: Promise<unknown>[] = []
    const follow = async (number: number, pid: number) => {
      const killed = performance.now()
      const successor = () => daemon.status().then(({ workers: all }) => all[number]!)
      await until(async () => ![undefined, pid].includes((await successor()).pid))
      replaced.push(performance.now() - killed)
      const next = (await successor()).pid
      await until(async () => {
        const now = await successor()
        return now.state === 'serving' || now.pid !== next
      })
      serving.push(performance.now() - killed)
    }
    await work(daemon, async numbers => {
      const { workers: all } = await daemon.status()
      for (const number of numbers) {
        const { pid } = all[number]!
        if (pid === undefined) continue
        process.kill(pid, 'SIGKILL')
        kills++
        following.push(follow(number, pid))
      }
    })
    await Promise.all(following)
    await allServe(daemon)
    const { issued, refused, broken, mismatched, longestMs } = await load.stop()
    return {
      kills,
      issued,
      refused: refused.length,
      broken: broken.length,
      mismatched,
      longestMs,
      replaced,
      serving,
    }
  } finally {
    await daemon.stop()
    site.remove()
  }
}

async function allServe(daemon: DaemonProcess): Promise<void> {
  await until(async () => (await daemon.status()).workers.every(({ state }) => state === 'serving'))
}
