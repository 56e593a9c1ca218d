import type { Config, VoConfig } from '../config/types.ts'
import type { Place } from './port.ts'

/** An address stays the same port whichever VO it goes to; a free port is one VO's own. */
export function placesOf(vo: VoConfig, { limits: { backlog } }: Config): readonly Place[] {
  return vo.listen.map((address, index) => ({
    key: address.port === 0 ? `${vo.name}[${index}]${address.host}:0` : `${address.host}:${address.port}`,
    address,
    backlog,
  }))
}
