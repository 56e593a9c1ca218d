/** The frame of all charts: one font, colours for light and dark, a background of its own so that text is readable on any page. */
export function svgDocument(width: number, height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escapeXml(title)}">
<style>${STYLE}</style>
<rect class="bg" width="${width}" height="${height}" rx="6"/>
${svgText(16, 26, title, 'title')}
${parts.join('\n')}
</svg>
`
}

/** Contrast of text to background is above 7 in both, of bars and lines above 3. */
const STYLE = [
  '.bg{fill:#fff}text{fill:#1d2733}.title{font-size:15px;font-weight:600}.note{fill:#4a5563;font-size:12px}',
  '.grid{stroke:#d5dae1;stroke-width:1}.goal{stroke:#1d2733;stroke-width:1.5;stroke-dasharray:4 3}',
  '.f0{fill:#2a6fbb}.f1{fill:#b35309}.f2{fill:#6b7280}.f3{fill:#6d3fb0}',
  '.l0{stroke:#2a6fbb}.l1{stroke:#b35309}.l2{stroke:#6b7280}.l3{stroke:#6d3fb0}.line{fill:none;stroke-width:2}',
  '@media (prefers-color-scheme:dark){.bg{fill:#11161d}text{fill:#e8edf3}.note{fill:#b4bfcc}.grid{stroke:#333d49}',
  '.goal{stroke:#e8edf3}.f0{fill:#5aa2ee}.f1{fill:#f0a04b}.f2{fill:#98a2b0}.f3{fill:#b79bec}',
  '.l0{stroke:#5aa2ee}.l1{stroke:#f0a04b}.l2{stroke:#98a2b0}.l3{stroke:#b79bec}}',
].join('')

export type Anchor = 'start' | 'middle' | 'end'

export function svgText(x: number, y: number, text: string, style = '', anchor: Anchor = 'start'): string {
  const attributes = [`x="${round(x)}"`, `y="${round(y)}"`]
  if (style !== '') attributes.push(`class="${style}"`)
  if (anchor !== 'start') attributes.push(`text-anchor="${anchor}"`)
  return `<text ${attributes.join(' ')}>${escapeXml(text)}</text>`
}

export function svgRect(x: number, y: number, width: number, height: number, style: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" class="${style}"/>`
}

export function svgLine(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" class="${style}"/>`
}

export function svgPath(points: readonly (readonly [number, number])[], style: string): string {
  return `<path d="M${points.map(([x, y]) => `${round(x)} ${round(y)}`).join('L')}" class="${style}"/>`
}

/** Squares with the names of the series, in one row. */
export function svgLegend(x: number, y: number, names: readonly string[]): string[] {
  let at = x
  return names.flatMap((name, i) => {
    const parts = [svgRect(at, y - 10, 11, 11, `f${i}`), svgText(at + 17, y, name)]
    at += 36 + widthOf(name)
    return parts
  })
}

/** About what the text takes at 13 px; charts leave room for more. */
export function widthOf(text: string): number {
  return [...text].length * 7
}

/** Three digits that matter, and no exponent. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}

function round(value: number): number {
  if (!Number.isFinite(value)) throw new Error('a chart holds what is no number')
  return Math.round(value * 10) / 10
}

export function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
