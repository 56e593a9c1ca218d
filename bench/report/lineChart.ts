import { formatFigure, svgDocument, svgLegend, svgLine, svgPath, svgRect, svgText } from './svg.ts'

export interface Lines {
  readonly title: string
  readonly note: string
  /** Names of the places on the horizontal axis, evenly apart. */
  readonly places: readonly string[]
  readonly axis: string
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
}

const WIDTH = 860
const HEIGHT = 360
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 56, 88, 52]

/** Lines over places that are evenly apart, with a figure at every point; the vertical axis begins at 0. */
export function lineChart({ title, note, places, axis, series }: Lines): string {
  // A tenth more: the figures of the highest points need room.
  const most = niceMost(1.1 * Math.max(...series.flatMap(({ values }) => values)))
  const x = (i: number) => LEFT + ((WIDTH - LEFT - RIGHT) * i) / Math.max(1, places.length - 1)
  const y = (value: number) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / most
  const parts = [
    svgText(16, 46, note, 'note'),
    ...svgLegend(
      16,
      68,
      series.map(({ name }) => name),
    ),
  ]
  for (let step = 0; step <= 4; step++) {
    const value = (most * step) / 4
    parts.push(svgLine(LEFT, y(value), WIDTH - RIGHT, y(value), 'grid'))
    parts.push(svgText(LEFT - 8, y(value) + 4, formatFigure(value), '', 'end'))
  }
  for (const [i, place] of places.entries())
    parts.push(svgText(x(i), HEIGHT - BOTTOM + 20, place, '', 'middle'))
  parts.push(svgText((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, axis, 'note', 'middle'))
  for (const [s, { values }] of series.entries()) {
    const points = values.map((value, i) => [x(i), y(value)] as const)
    parts.push(svgPath(points, `line l${s}`))
    for (const [i, [px, py]] of points.entries()) {
      parts.push(svgRect(px - 3, py - 3, 6, 6, `f${s}`))
      // Those of the first above its line, those of the others below.
      parts.push(svgText(px, py + (s === 0 ? -9 : 19), formatFigure(values[i]!), '', 'middle'))
    }
  }
  return svgDocument(WIDTH, HEIGHT, title, parts)
}

/** The next of 1, 2, 4, 6, 8, 10 times a power of ten. */
function niceMost(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 6, 8, 10].find(step => step * power >= value) ?? 10) * power
}
