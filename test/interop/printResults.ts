import { formatResults, readResults } from './results.ts'

const results = await readResults()
if (results.length === 0) console.log('No interoperation suite has run here.')
else console.log(formatResults(results))
