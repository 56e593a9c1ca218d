import { readFileSync } from 'node:fs'
import type { DaemonProcess, LogLine } from '../supervise/daemonProcess.ts'

/** Tables of a site whose metrics are asked for here. */
export const OBSERVED = { observe: 'listen = ["127.0.0.1:0"]' } as const

/** What was scraped: by series, as it stands in the text. */
export type Samples = ReadonlyMap<string, number>

/** How to scrape a daemon that is ready and OBSERVED. */
export async function openScraper(daemon: DaemonProcess): Promise<() => Promise<Samples>> {
  return scraperFor(await daemon.line(OBSERVED_LINE))
}

/** The same of one whose log is a file. */
export async function openScraperAt(logFile: string): Promise<() => Promise<Samples>> {
  const lines = readFileSync(logFile, 'utf8').split('\n')
  return scraperFor(JSON.parse(lines.find(line => line.includes(OBSERVED_LINE))!) as LogLine)
}

const OBSERVED_LINE = 'metrics, health and status'

function scraperFor({ addresses }: LogLine): () => Promise<Samples> {
  const { port } = (addresses as { port: number }[])[0]!
  return async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map(line => {
        const end = line.lastIndexOf(' ')
        return [line.slice(0, end), Number(line.slice(end + 1))] as const
      }),
    )
  }
}

/** The sum of a family's series whose labels hold all of these; 0 where there are none. */
export function total(
  samples: Samples,
  family: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
  let sum = 0
  for (const [series, value] of samples) {
    if (series.replace(/\{.*/, '') === family && wanted.every(label => series.includes(label))) sum += value
  }
  return sum
}
