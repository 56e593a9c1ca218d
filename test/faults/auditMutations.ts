// G17: whatever is done to the files of the audit, `vouchd audit verify` finds it.
// Run: node test/faults/auditMutations.ts [--count 5000] [--seed N] [--json]
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { mutateAudit } from './mutateAudit.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(randomInt(2 ** 32)) },
    json: { type: 'boolean', default: false },
  },
})
const started = performance.now()
const { done, missed } = await mutateAudit(Number(values.count), Number(values.seed))
const seconds = Math.round((performance.now() - started) / 100) / 10
const count = Object.values(done).reduce((sum, one) => sum + one, 0)
if (values.json) console.log(JSON.stringify({ seed: Number(values.seed), count, missed, done, seconds }))
else {
  console.table(done)
  console.log(`${count} changes, ${missed.length} not found, ${seconds} s, seed ${values.seed}`)
  for (const one of missed) console.log(`NOT FOUND: ${one}`)
}
process.exitCode = missed.length > 0 ? 1 : 0
