import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { askRest, userNamed } from '../../e2e/daemon.ts'
import { readAcIndependently } from '../../independent/readAc.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  PATIENT,
  startDaemonProcess,
  until,
} from '../../supervise/daemonProcess.ts'
import { bareSerial } from '../bareSerial.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import { OBSERVED, openScraper, total } from '../scraper.ts'

const LIBRARY = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
].find(path => existsSync(path))

const HOUR = 3600
const DAY = 24 * HOUR
/** How far the clock is from the true time, in seconds, one after another. */
const OFFSETS = [-2 * HOUR, 0, -3 * DAY, 0, 2 * HOUR, 365 * DAY, 0] as const
const MAX_LIFETIME = 24 * HOUR
/** The clock is read in whole seconds, and the answer takes its time. */
const ROUNDING_SECONDS = 2
/** Below this the audit takes a clock that went back for a correction. */
const BACK_SECONDS = 60

/** G13: the clock jumps during requests. */
export const clock: FaultRun = {
  name: 'clock',
  about:
    'the wall clock jumps to -2 h, -3 d, +2 h and +1 y and back under requests; no AC is valid outside what the policy and the ' +
    'clock say, nothing is issued behind the audit, and time-outs do not notice',
  unit: 'rounds of seven jumps',
  long: 10,
  short: 1,
  missing: () => (LIBRARY === undefined ? 'apt-get install --no-install-recommends libfaketime' : undefined),
  async run(count, tell) {
    const { wrong, late, unless } = verdict()
    const said = new Map<string, number>()
    let asked = 0
    let issued = 0
    let steps = 0
    for (let round = 0; round < count; round++) {
      // A clock that was ahead leaves records there: each round has an audit of its own.
      const site = makeSiteFolder(undefined, { tables: { ...OBSERVED, ...PATIENT } })
      const offsetFile = site.path('offset')
      let offset = 0
      const set = (seconds: number) => {
        writeFileSync(`${offsetFile}.new`, `${seconds < 0 ? '' : '+'}${seconds}s\n`)
        renameSync(`${offsetFile}.new`, offsetFile)
        offset = seconds
      }
      set(0)
      const daemon = await startDaemonProcess(site, {
        env: {
          LD_PRELOAD: LIBRARY!,
          FAKETIME_TIMESTAMP_FILE: offsetFile,
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          DONT_FAKE_MONOTONIC: '1',
        },
      })
      try {
        const port = await daemon.port()
        const scrape = await openScraper(daemon)
        /** When each worker last recorded something, at the latest. */
        const newest = new Map<number, number>()
        const ask = async () => {
          const [before, from] = [offset, Date.now() / 1000]
          const answer = await askRest(port, [user])
          const to = Date.now() / 1000
          // A jump in between: either time may have been the one.
          if (before !== offset) return
          asked++
          const clockNow = [from + offset, to + offset] as const
          if (answer.ac === undefined) {
            said.set(
              `${answer.status} ${answer.code}`,
              (said.get(`${answer.status} ${answer.code}`) ?? 0) + 1,
            )
            const behind = Math.max(0, ...newest.values()) - clockNow[0]
            // Everything is looked up anew when the database's clock jumps; a slow machine takes too long for it.
            if (behind <= 0) late.push(`refused though the clock is right: ${answer.code} ${answer.message}`)
            return
          }
          issued++
          const { serial, notBefore, notAfter, signatureValid } = await readAcIndependently(answer.ac)
          const line = await until(() =>
            daemon.log.find(one => bareSerial(one['serial']) === bareSerial(serial)),
          )
          const worker = Number(line['worker'])
          const behind = (newest.get(worker) ?? 0) - clockNow[1]
          newest.set(worker, Math.max(newest.get(worker) ?? 0, clockNow[1]))
          const [start, end] = [notBefore.getTime() / 1000, notAfter.getTime() / 1000]
          unless(signatureValid, 'an AC with a wrong signature')
          unless(behind <= BACK_SECONDS + ROUNDING_SECONDS, `issued ${Math.round(behind)} s behind the audit`)
          unless(
            start <= clockNow[1] + ROUNDING_SECONDS,
            `notBefore ${start - clockNow[1]} s ahead of the clock`,
          )
          unless(
            start >= clockNow[0] - ROUNDING_SECONDS,
            `notBefore ${clockNow[0] - start} s before the clock`,
          )
          unless(end - start <= MAX_LIFETIME, `a lifetime of ${end - start} s`)
        }
        for (const jump of OFFSETS) {
          tell(`round ${round}, ${jump} s`)
          for (let time = 0; time < 3; time++) await ask()
          const stepsBefore = total(await scrape(), 'vouchd_clock_steps_total')
          const under = Promise.all(Array.from({ length: 4 }, () => ask()))
          set(jump)
          await under
          for (let time = 0; time < 4; time++) await ask()
          const stepsNow = await until(async () => {
            const seen = total(await scrape(), 'vouchd_clock_steps_total')
            return seen > stepsBefore ? seen : undefined
          })
          steps += stepsNow - stepsBefore
          const { ready, workers } = await daemon.status()
          unless(
            ready && workers.every(({ restarts }) => restarts === 0),
            `after ${jump} s not ready, or a worker ended`,
          )
        }
        unless(await stops(daemon), 'it does not end with 0')
      } finally {
        await daemon.stop()
        site.remove()
      }
    }
    return {
      figures: {
        asked,
        issued,
        'refused, the clock being behind the audit': [...said]
          .map(([text, n]) => `${n} x ${text}`)
          .join(', '),
        'steps seen by processes': steps,
      },
      wrong,
      late,
    }
  },
}

const user = userNamed('test0')

async function stops(daemon: DaemonProcess): Promise<boolean> {
  daemon.child.kill('SIGTERM')
  return (await daemon.ended).code === 0
}
