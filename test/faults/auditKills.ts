// G1: no client holds an AC that is not recorded, whichever processes are killed under full load.
// Run: node test/faults/auditKills.ts [--kills 200] [--lanes 16] [--workers N] [--seed N] [--json]
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { killAudited } from './killAudited.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    lanes: { type: 'string', default: '16' },
    workers: { type: 'string' },
    seed: { type: 'string', default: String(randomInt(2 ** 32)) },
    json: { type: 'boolean', default: false },
  },
})
const result = await killAudited({
  kills: Number(values.kills),
  lanes: Number(values.lanes),
  seed: Number(values.seed),
  ...(values.workers === undefined ? {} : { config: `[processes]\nworkers = ${values.workers}\n` }),
})
if (values.json) console.log(JSON.stringify({ seed: Number(values.seed), ...result }))
else console.log({ seed: Number(values.seed), ...result })
const wrong = result.missing.length + result.duplicates.length + result.faults.length
process.exitCode = wrong > 0 || result.received === 0 ? 1 : 0
