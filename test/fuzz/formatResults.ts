import type { TargetResult } from './runTarget.ts'

/** A line for each target: what a run came to. */
export function formatResults(results: readonly TargetResult[]): string {
  const rows = results.map(result => [
    result.target,
    String(result.inputs),
    String(result.accepted),
    String(Object.keys(result.refused).length),
    String(result.findings.length),
    `${Math.round(result.slowestMs)} ms`,
    result.heapGrowthBytes === undefined ? '-' : `${(result.heapGrowthBytes / 1024 / 1024).toFixed(1)} MB`,
    `${result.seconds.toFixed(1)} s`,
  ])
  const all = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join('  ')
  return `${all.map(line).join('\n')}\n`
}

const HEAD = ['target', 'inputs', 'accepted', 'ways refused', 'findings', 'slowest', 'heap growth', 'time']
