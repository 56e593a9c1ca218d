import { readdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeSiteFolder, PATIENT, startDaemonProcess, until } from '../../supervise/daemonProcess.ts'
import { startLoad, warmUp } from '../../supervise/load.ts'
import { type FaultRun, verdict } from '../faultRun.ts'

/** A thread that hangs is given five seconds. */
const HANG_WAIT_MS = 10_000

/** Signing threads that end, and that hang. */
export const signers: FaultRun = {
  name: 'signers',
  about:
    'signing threads of running workers are ended, and made to hang, in turn under load; another thread signs, no ' +
    'client is refused',
  unit: 'threads of each kind',
  long: 20,
  short: 1,
  async run(count, tell) {
    const { wrong, late, unless, inTime } = verdict()
    const site = makeSiteFolder(undefined, { tables: PATIENT })
    site.configure('[processes]\nworkers = 2\ncontrolSocket = "control.sock"\n[signing]\nthreads = 2\n')
    // Each thread looks for a file that tells one of them what to do.
    const preload = site.path('preload.mjs')
    writeFileSync(preload, preloadText(site.path('orders.mjs')))
    writeFileSync(site.path('orders.mjs'), ordersText(site.folder))
    const daemon = await startDaemonProcess(site, { env: { NODE_OPTIONS: `--import=${preload}` } })
    try {
      const port = await daemon.port()
      await warmUp(port)
      const load = startLoad(() => port)
      let struck = 0
      for (let time = 0; time < count; time++) {
        for (const order of ['die', 'hang']) {
          tell(`${order}, ${time}`)
          const from = daemon.log.length
          writeFileSync(site.path(`order-${order}`), '')
          await until(() => !readdirSync(site.folder).includes(`order-${order}`))
          if (order === 'hang') await daemon.line('a signing thread was lost and is replaced', from)
          struck++
          await sleep(500)
        }
      }
      const { issued, refused, broken, mismatched, longestMs } = await load.stop()
      unless(refused.length === 0, `${refused.length} refused: ${refused[0]}`)
      unless(broken.length === 0, `${broken.length} connections failed: ${broken[0]}`)
      unless(mismatched === 0, `${mismatched} ACs with a wrong signature`)
      inTime(longestMs, HANG_WAIT_MS, 'the longest wait')
      const { workers } = await daemon.status()
      unless(
        workers.every(({ restarts, state }) => restarts === 0 && state === 'serving'),
        `workers: ${workers.map(({ state, restarts }) => `${state}, ${restarts} restarts`).join('; ')}`,
      )
      return {
        figures: {
          'threads ended or hung': struck,
          issued,
          refused: refused.length,
          'connections broken': broken.length,
          'longest wait ms': longestMs,
        },
        wrong,
        late,
      }
    } finally {
      await daemon.stop()
      site.remove()
    }
  },
}

/**
 * The pool gives its threads no environment: what they begin with is put into their options. V8's own flags are the
 * process's, and no thread may name them.
 */
const preloadText = (orders: string) => `
import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'
const { Worker } = threads
threads.Worker = class extends Worker {
  constructor(file, options) {
    const flags = process.execArgv.filter(flag => !/^--(no-parallel-scavenge|max-(semi|old)-space-size|openssl-config)/.test(flag))
    super(file, { ...options, execArgv: [...flags, '--import=${orders}'] })
  }
}
syncBuiltinESMExports()
`

/** Whichever thread can remove the order carries it out. */
const ordersText = (folder: string) => `
import { rmSync } from 'node:fs'
const take = order => {
  try {
    rmSync(${JSON.stringify(folder)} + '/order-' + order)
    return true
  } catch {
    return false
  }
}
setInterval(() => {
  if (take('die')) process.exit(7)
  if (take('hang')) for (;;);
}, 20).unref()
`
