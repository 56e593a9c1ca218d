import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/types.ts'
import type { CheckFinding } from './finding.ts'

/** Whether the control socket's folder is there, for this user to make the socket in. The daemon serves without it. */
export function checkControlSocket({
  processes: { controlSocket },
}: Pick<Config, 'processes'>): CheckFinding[] {
  const folder = dirname(controlSocket)
  let isFolder: boolean
  try {
    isFolder = statSync(folder).isDirectory()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      return [
        warning(
          `its folder ${folder} cannot be looked at`,
          'correct its owner and mode, or name another path',
        ),
      ]
    }
    const advice = `mkdir -p ${folder} && chown USER ${folder}, with the user of the service (systemd makes it when it starts the service), or name another path`
    return [warning(`its folder ${folder} does not exist`, advice)]
  }
  if (!isFolder) return [warning(`${folder} is not a folder`, 'name another path')]
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return []
  } catch {
    const advice = 'let the user of the service own it, or name another path'
    return [warning(`its folder ${folder} may not be written by this user`, advice)]
  }
}

function warning(what: string, advice: string): CheckFinding {
  const more = 'vouchd reload and vouchd status will not reach the daemon'
  return {
    area: 'configuration',
    level: 'warning',
    place: 'processes.controlSocket',
    what: `${what}: ${more}`,
    advice,
  }
}
