import { FIGURES, goalOf, isReached } from '../figures.ts'
import type { Reports } from './makeReport.ts'
import { formatFigure } from './svg.ts'

/** Every figure to reach, with what was measured, as a table of Markdown. */
export function figuresTable(reports: Reports): string {
  const rows = FIGURES.map(figure => {
    const report = reports[figure.from]
    const value = report && figure.of(report.result)
    const measured =
      value === undefined ? 'not measured' : `${formatFigure(value)} ${figure.unit ?? ''}`.trim()
    const verdict = value === undefined ? '' : isReached(figure, value) ? 'reached' : '**missed**'
    return `| ${figure.what} | ${goalOf(figure)} | ${measured} | ${verdict} |`
  })
  return `| what | reach | measured | |
|---|---|---|---|
${rows.join('\n')}`
}
