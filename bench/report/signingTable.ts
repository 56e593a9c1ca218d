import type { Reports } from './makeReport.ts'

type Row = Readonly<Record<string, unknown>>

/** The ways to sign, as a table of Markdown; undefined where they were not measured. */
export function signingTable(reports: Reports): string | undefined {
  const rows = reports['signing']?.result['rows'] as readonly Row[] | undefined
  if (rows === undefined) return undefined
  const work = (row: Row) => row['other work µs'] as number
  const works = [...new Set(rows.map(work))]
  const ways = [...new Set(rows.map(row => row['way'] as string))]
  const cells = (way: string) =>
    works.flatMap(each => {
      const row = rows.find(one => one['way'] === way && work(one) === each)!
      const [cpu, over, main] = ['cpu µs', 'over inline', 'main thread µs'].map(name => row[name] as number)
      return [Math.round(cpu!), over!.toFixed(2), Math.round(main!)]
    })
  const heads = works.flatMap(each => [`CPU µs, ${each} µs other work`, 'over inline', 'main thread µs'])
  return `| way | ${heads.join(' | ')} |
|${'---|'.repeat(heads.length + 1)}
${ways.map(way => `| ${way} | ${cells(way).join(' | ')} |`).join('\n')}`
}
