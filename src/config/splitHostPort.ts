import { isIP } from 'node:net'

/** HOST:PORT or [IPv6]:PORT, split; undefined when it is neither. */
export function splitHostPort(value: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+)):([0-9]{1,5})$/.exec(value)
  if (match === null) return undefined
  const host = match[1] ?? match[2]!
  const port = Number(match[3])
  const rightForm = match[1] === undefined ? isIP(host) !== 6 : isIP(host) === 6
  return rightForm && port <= 65_535 ? { host, port } : undefined
}
