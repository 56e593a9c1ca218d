import { formatFigure, svgDocument, svgLegend, svgLine, svgRect, svgText, widthOf } from './svg.ts'

export interface Bars {
  readonly title: string
  /** What is under the title: unit, and what is better. */
  readonly note: string
  /** Names of the parts of each bar, in their order. */
  readonly series: readonly string[]
  readonly rows: readonly { readonly label: string; readonly values: readonly number[] }[]
  /** stacked: parts of one bar. beside: a bar each. */
  readonly kind?: 'stacked' | 'beside'
  /** Ten times as much is one step further: for values that differ by orders of magnitude. */
  readonly logarithmic?: boolean
  /** A line across all rows, with a name. */
  readonly goal?: { readonly value: number; readonly name: string }
}

const WIDTH = 860
const TOP = 84
const BAR = 16
const GAP = 12
const RIGHT = 80

/** Horizontal bars, each with its figure written beside it: the picture is not the only way to read it. */
export function barChart({
  title,
  note,
  series,
  rows,
  kind = 'stacked',
  logarithmic = false,
  goal,
}: Bars): string {
  const left = Math.min(450, 40 + Math.max(...rows.map(({ label }) => widthOf(label))))
  const barsOf = (values: readonly number[]) =>
    kind === 'stacked' ? [values] : values.map((value, i) => values.map((_, j) => (i === j ? value : 0)))
  const length = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  const all = rows.flatMap(({ values }) => barsOf(values).map(length))
  const most = Math.max(...all, goal?.value ?? 0)
  const least = Math.min(...all.filter(value => value > 0)) / 2
  const span = WIDTH - left - RIGHT
  const scale = (value: number) =>
    logarithmic
      ? value <= least
        ? 0
        : (Math.log(value / least) / Math.log(most / least)) * span
      : (value / most) * span
  const parts: string[] = [svgText(16, 46, note, 'note')]
  if (series.length > 1) parts.push(...svgLegend(16, 68, series))
  let y = TOP
  for (const { label, values } of rows) {
    const bars = barsOf(values)
    const height = bars.length * BAR
    parts.push(svgText(left - 10, y + height / 2 + 4, label, '', 'end'))
    for (const bar of bars) {
      let from = 0
      for (const [i, value] of bar.entries()) {
        if (value <= 0) continue
        const to = from + value
        parts.push(svgRect(left + scale(from), y, Math.max(1, scale(to) - scale(from)), BAR - 2, `f${i}`))
        from = to
      }
      parts.push(svgText(left + scale(length(bar)) + 6, y + 12, formatFigure(length(bar))))
      y += BAR
    }
    y += GAP
  }
  if (goal !== undefined) {
    const x = left + scale(goal.value)
    parts.push(svgLine(x, TOP - 6, x, y - GAP + 4, 'goal'), svgText(x, y + 8, goal.name, 'note', 'middle'))
  }
  return svgDocument(WIDTH, y + (goal === undefined ? 4 : 20), title, parts)
}
