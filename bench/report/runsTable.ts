import { BENCHMARKS } from '../benchmarks.ts'
import type { Reports } from './makeReport.ts'

/** On what machine, with what versions and by what commands the results were measured, as Markdown. */
export function runsTable(reports: Reports): string {
  const machines = Object.values(reports).map(
    ({ machine: { processor, cores, memoryGigabytes, kernel, openssl, vouchd } }) =>
      `- ${processor}, ${cores} cores, ${memoryGigabytes} GB, ${kernel}, OpenSSL ${openssl}, vouchd ${vouchd}`,
  )
  const rows = Object.values(reports).map(
    ({ command, seconds, machine: { loadBefore, node, revision } }) =>
      `| \`${command.replaceAll('\n', '\\n')}\` | ${Math.round(seconds)} | ${loadBefore} | ${node} | ${revision ?? ''} |`,
  )
  const missing = BENCHMARKS.filter(({ name }) => reports[name] === undefined).map(({ name }) => name)
  return `${[...new Set(machines)].join('\n')}

| command | seconds | load before | Node.js | revision |
|---|---|---|---|---|
${rows.join('\n')}
${missing.length === 0 ? '' : `\nNot measured: ${missing.join(', ')}.\n`}
"Load before" is the load average of the minute before, in which the benchmark of the row above may have run. Other work
on the machine is shared by the rounds of what is compared, and times suffer from it all the same.`
}
