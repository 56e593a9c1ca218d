import { type FaultRun, verdict } from '../faultRun.ts'
import { mutateAudit } from '../mutateAudit.ts'

/** G17: whatever is done to the files of the audit, `vouchd audit verify` finds it. */
export const mutations: FaultRun = {
  name: 'mutations',
  about: 'the files of the audit are changed in 17 ways, one change at a time; verification finds each',
  unit: 'changes',
  long: 5000,
  short: 60,
  async run(count) {
    const { wrong, late, unless } = verdict()
    const seed = Math.floor(Math.random() * 2 ** 32)
    const { done, missed } = await mutateAudit(count, seed)
    unless(missed.length === 0, `not found: ${missed.join('; ')}`)
    return { figures: { ...done, 'not found': missed.length, seed }, wrong, late }
  },
}
