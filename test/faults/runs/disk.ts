import { createHash } from 'node:crypto'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { askRest, userNamed } from '../../e2e/daemon.ts'
import { openSmallDisk } from '../../fakes/smallDisk.ts'
import { fillSampleVo } from '../../store/sampleVo.ts'
import { MAIN, makeSiteFolder, PATIENT, runDaemon, until } from '../../supervise/daemonProcess.ts'
import { bareSerial } from '../bareSerial.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import { compareAudit } from '../killAudited.ts'
import { OBSERVED, openScraperAt, total } from '../scraper.ts'

const RESUMED_MS = 5_000

/** G11: audit and log share a disk that fills up. */
export const disk: FaultRun = {
  name: 'disk',
  about:
    'a disk of 1 MiB that holds audit and log fills up again and again; nothing is issued while it is full, issuing ' +
    'goes on within 5 s of space, log lines are dropped and counted, no record is torn',
  unit: 'times full',
  long: 10,
  short: 1,
  missing() {
    const one = openSmallDisk()
    one?.remove()
    return one === undefined ? 'only root may mount a small disk' : undefined
  },
  async run(count, tell) {
    const { wrong, late, unless, inTime } = verdict()
    const small = openSmallDisk()!
    const audit = join(small.folder, 'audit')
    const logFile = join(small.folder, 'log')
    const site = makeSiteFolder(undefined, {
      tables: { ...OBSERVED, ...PATIENT, audit: `folder = "${audit}"` },
    })
    const daemon = runDaemon(site, {
      command: ['sh', '-c', `exec "$@" >> ${logFile}`, 'sh', process.execPath, MAIN],
    })
    try {
      await until(() =>
        daemon.status().then(
          ({ ready }) => ready,
          () => false,
        ),
      )
      const db = await site.database()
      await fillSampleVo(db)
      await db.close()
      const port = await daemon.port()
      const scrape = await openScraperAt(logFile)
      const received = new Map<string, string>()
      const ask = async () => {
        const answer = await askRest(port, [user])
        if (answer.ac === undefined) return `${answer.status} ${answer.code}`
        const { serial, acinfo } = decodeAc(answer.ac)
        received.set(bareSerial(toHex(serial)), createHash('sha256').update(acinfo).digest('hex'))
        return ISSUED
      }
      // The VO was not there when the first process looked.
      await until(async () => (await ask()) === ISSUED)
      const answers = new Map<string, number>()
      let refusedWhileFull = 0
      let longest = 0
      for (let time = 0; time < count; time++) {
        tell(`${time} times full`)
        for (let asked = 0; asked < 4; asked++) {
          const answer = await ask()
          unless(answer === ISSUED, `refused with space: ${answer}`)
        }
        small.fill()
        // What is left in the last blocks takes a few records of each worker yet.
        for (let inARow = 0; inARow < 12; ) inARow = (await ask()) === ISSUED ? 0 : inARow + 1
        for (let asked = 0; asked < 8; asked++) {
          const answer = await ask()
          answers.set(answer, (answers.get(answer) ?? 0) + 1)
          unless(answer === '503 InternalError', `while the disk is full: ${answer}`)
          refusedWhileFull++
        }
        small.free()
        truncateSync(logFile)
        const freed = performance.now()
        let last = freed
        for (let inARow = 0; inARow < 6; ) {
          inARow = (await ask()) === ISSUED ? inARow + 1 : 0
          if (inARow === 0) {
            last = performance.now()
            await sleep(20)
          }
        }
        longest = Math.max(longest, last - freed)
      }
      inTime(longest, RESUMED_MS, 'issued again')
      const dropped = total(await scrape(), 'vouchd_log_messages_dropped_total')
      unless(dropped > 0, 'no log line was counted as dropped')
      const { workers } = await daemon.status()
      unless(
        workers.every(({ restarts }) => restarts === 0),
        'a worker ended',
      )
      daemon.child.kill('SIGTERM')
      const { code } = await daemon.ended
      unless(code === 0, `it ended with ${code}`)
      const { missing, duplicates, faults, recorded } = await compareAudit(audit, received)
      unless(missing.length === 0, `ACs without a record: ${missing.join(', ')}`)
      unless(duplicates.length === 0, `serials twice: ${duplicates.join(', ')}`)
      unless(faults.length === 0, `verification: ${faults.join('; ')}`)
      return {
        figures: {
          'ACs with clients': received.size,
          'ACs recorded': recorded,
          'refused while full': refusedWhileFull,
          'the answer': [...answers.keys()].join(', '),
          'issued again after ms, longest': Math.round(longest),
          'log lines dropped, and counted': dropped,
          missing: missing.length,
        },
        wrong,
        late,
      }
    } finally {
      await daemon.stop()
      site.remove()
      small.remove()
    }
  },
}

const user = userNamed('test0')
const ISSUED = 'issued'
