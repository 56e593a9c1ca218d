import { rollRestarts } from '../../supervise/rollRestarts.ts'
import { type FaultRun, verdict } from '../faultRun.ts'

/** The daemon finishes what is under way for ten seconds at most; a machine with other work adds its own. */
const STOP_MS = 12_000

/** G8: on a socket that outlives it, a daemon is replaced and nobody notices. */
export const restarts: FaultRun = {
  name: 'restarts',
  about:
    'the daemon is replaced again and again under load on a socket that outlives it, with a migration half-way; ' +
    'nobody is refused, no connection is reset, each ends with 0',
  unit: 'restarts',
  long: 50,
  short: 2,
  async run(count, tell) {
    const { wrong, late, unless, inTime } = verdict()
    const result = await rollRestarts(count, tell)
    const { issued, refused, broken, mismatched, exits, longestMs, longestStopMs, migrated } = result
    unless(refused.length === 0, `${refused.length} refused: ${refused[0]}`)
    unless(broken.length === 0, `${broken.length} connections broke: ${broken[0]}`)
    unless(mismatched === 0, `${mismatched} ACs with a wrong signature`)
    unless(
      exits.every(code => code === 0),
      `exit codes ${[...new Set(exits)].join()}`,
    )
    inTime(longestStopMs, STOP_MS, 'a stop')
    unless(migrated?.code === 0, `vouchd migrate: ${migrated?.err}`)
    unless(issued > count, `only ${issued} ACs came`)
    return {
      figures: {
        issued,
        refused: refused.length,
        broken: broken.length,
        'longest wait ms': longestMs,
        'longest stop ms': longestStopMs,
        'vouchd migrate': migrated?.out.trim() ?? '',
      },
      wrong,
      late,
    }
  },
}
