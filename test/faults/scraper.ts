import type { DaemonProcess } from '../supervise/daemonProcess.ts'

/** Tables of a site whose metrics are asked for here. */
export const OBSERVED = { observe: 'listen = ["127.0.0.1:0"]' } as const

/** What was scraped: by series, as it stands in the text. */
export type Samples = ReadonlyMap<string, number>

/** How to scrape a daemon that is ready and OBSERVED. */
export async function openScraper(daemon: DaemonProcess): Promise<() => Promise<Samples>> {
  const { addresses } = await daemon.line('metrics, health and status')
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
