import type { Config, ListenAddress } from '../config/types.ts'
import { probeAddress } from '../listen/probeAddress.ts'
import type { CheckFinding } from './finding.ts'

/** Whether every configured address can be had, by having it for a moment. */
export async function checkPorts(config: Config): Promise<CheckFinding[]> {
  const findings: CheckFinding[] = []
  for (const [index, vo] of config.vos.entries()) {
    for (const [entry, address] of vo.listen.entries()) {
      const code = await probeAddress(address)
      if (code === undefined) continue
      findings.push({
        area: 'ports',
        level: code === 'EADDRINUSE' ? 'warning' : 'error',
        place: `vo[${index}].listen[${entry}]`,
        ...explainAddress(code, address),
      })
    }
  }
  for (const [index, address] of config.observe.listen.entries()) {
    if ('path' in address) continue
    const code = await probeAddress(address)
    if (code === undefined) continue
    // The daemon serves without it, and tries again.
    const level = code === 'EADDRINUSE' ? 'warning' : 'error'
    findings.push({
      area: 'ports',
      level,
      place: `observe.listen[${index}]`,
      ...explainAddress(code, address),
    })
  }
  return findings
}

/** What a system's error code says of an address, and what to do. */
export function explainAddress(
  code: string,
  { host, port }: ListenAddress,
): Pick<CheckFinding, 'what' | 'advice'> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return {
        what: `${address} is in use`,
        advice: `nothing, if it is vouchd, or a server that is stopped before vouchd takes its place; ss -ltnp 'sport = :${port}' tells`,
      }
    case 'EACCES':
      return {
        what: `${address} may not be used by this user`,
        advice: 'let systemd open it (socket activation), or take a port above 1023',
      }
    case 'EADDRNOTAVAIL':
      return { what: `${address} is no address of this machine`, advice: 'correct it; ip address lists them' }
    case 'EAFNOSUPPORT':
      return {
        what: `${address}: this machine has no such protocol`,
        advice: 'remove it, or enable IPv6',
      }
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { what: `the name in ${address} is not known`, advice: 'write an address in its place' }
    default:
      return { what: `${address} cannot be listened on (${code})`, advice: 'write another address' }
  }
}
