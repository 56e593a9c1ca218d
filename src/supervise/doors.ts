import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { explainAddress } from '../check/checkPorts.ts'
import type { CheckFinding } from '../check/finding.ts'
import type { Config, ListenAddress } from '../config/types.ts'
import { placesOf } from '../listen/placesOf.ts'
import { probeAddress } from '../listen/probeAddress.ts'
import type { InheritedSocket } from './inheritedSockets.ts'
import { bindHandle, type ListenHandle } from './listenHandle.ts'

/** The listening sockets of the daemon, held by the process that outlives those that accept from them. */
export interface Doors {
  /**
   * Makes sure of every address of a configuration, inherited ones first. Gives what stands against it; then none
   * was opened.
   */
  open(config: Config): Promise<readonly CheckFinding[]>
  /** Whether it says no more than that another process has the address. */
  isTaken(finding: CheckFinding): boolean
  /** The socket of a place; undefined when there is none. */
  handle(key: string): ListenHandle | undefined
  /** Closes what this configuration does not name. Inherited sockets stay: they belong to the service manager. */
  keepOnly(config: Config): void
  /** Inherited sockets that no address of the configuration is. */
  unused(config: Config): readonly InheritedSocket[]
  close(): void
}

interface Door {
  readonly handle: ListenHandle
  readonly inherited: boolean
}

export function createDoors(inherited: readonly InheritedSocket[]): Doors {
  const doors = new Map<string, Door>()
  const taken = new WeakSet<CheckFinding>()
  for (const { address, handle } of inherited) {
    doors.set(`${address.host}:${address.port}`, { handle, inherited: true })
  }

  function close(keys: readonly string[]): void {
    for (const key of keys) {
      doors.get(key)?.handle.close()
      doors.delete(key)
    }
  }

  return {
    async open(config) {
      const findings: CheckFinding[] = []
      const opened: string[] = []
      for (const [index, vo] of config.vos.entries()) {
        for (const [entry, { key, address }] of placesOf(vo, config).entries()) {
          if (doors.has(key)) continue
          const door = await openDoor(address)
          if (typeof door === 'string') {
            const place = `vo[${index}].listen[${entry}]`
            const explained = explainDoor(door, address, inherited)
            const finding: CheckFinding = { area: 'ports', level: 'error', place, ...explained }
            if (door === 'EADDRINUSE') taken.add(finding)
            findings.push(finding)
          } else {
            doors.set(key, { handle: door, inherited: false })
            opened.push(key)
          }
        }
      }
      if (findings.length > 0) close(opened)
      return findings
    },
    isTaken: finding => taken.has(finding),
    handle: key => doors.get(key)?.handle,
    keepOnly(config) {
      const named = new Set(config.vos.flatMap(vo => placesOf(vo, config).map(({ key }) => key)))
      close([...doors].filter(([key, door]) => !named.has(key) && !door.inherited).map(([key]) => key))
    },
    unused(config) {
      const named = new Set(config.vos.flatMap(vo => placesOf(vo, config).map(({ key }) => key)))
      return inherited.filter(({ address }) => !named.has(`${address.host}:${address.port}`))
    },
    close: () => close([...doors.keys()]),
  }
}

/** The socket, or the system's error code. */
async function openDoor({ host, port }: ListenAddress): Promise<ListenHandle | string> {
  try {
    const numeric = isIP(host) === 0 ? (await lookup(host)).address : host
    const code = await probeAddress({ host: numeric, port })
    return code ?? bindHandle({ host: numeric, port }) ?? 'EADDRINUSE'
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

/** A dual-stack socket of the service manager takes IPv4 as well, under another name. */
function explainDoor(
  code: string,
  address: ListenAddress,
  inherited: readonly InheritedSocket[],
): Pick<CheckFinding, 'what' | 'advice'> {
  const explained = explainAddress(code, address)
  const dual = inherited.find(({ address: { host, port } }) => host === '::' && port === address.port)
  if (code !== 'EADDRINUSE') return explained
  return dual === undefined
    ? { what: explained.what, advice: `end what has it: ss -ltnp 'sport = :${address.port}' tells` }
    : {
        what: `${explained.what} by the inherited socket [::]:${address.port}, which takes IPv4 too`,
        advice: 'set BindIPv6Only=ipv6-only in the socket unit, with a ListenStream= for each address',
      }
}
