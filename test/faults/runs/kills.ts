import { type FaultRun, verdict } from '../faultRun.ts'
import { killAudited } from '../killAudited.ts'

/** G1: no client holds an AC that is not recorded. */
export const kills: FaultRun = {
  name: 'kills',
  about:
    'random processes are killed under full load; every AC that a client holds is in the audit, none twice',
  unit: 'kills',
  long: 1000,
  short: 6,
  async run(count, tell) {
    const { wrong, late, unless } = verdict()
    const seed = Math.floor(Math.random() * 2 ** 32)
    const result = await killAudited({ kills: count, seed, lanes: 16, tell })
    const { killed, received, recorded, perSecond, missing, duplicates, faults, tornTails } = result
    unless(missing.length === 0, `ACs without a record: ${missing.join(', ')} (seed ${seed})`)
    unless(duplicates.length === 0, `serials twice: ${duplicates.join(', ')} (seed ${seed})`)
    unless(faults.length === 0, `verification: ${faults.join('; ')} (seed ${seed})`)
    unless(received > count, `only ${received} ACs came`)
    return {
      figures: {
        'of the daemon itself': killed.main,
        'of its processes': killed.child,
        'ACs with clients': received,
        'ACs recorded': recorded,
        'ACs a second': perSecond,
        'torn writes, noted': tornTails,
        missing: missing.length,
        twice: duplicates.length,
        seed,
      },
      wrong,
      late,
    }
  },
}
