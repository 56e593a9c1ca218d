import { ConfigError } from '../config/ConfigError.ts'
import type { LoadedConfig } from '../config/loadConfig.ts'
import { CONTROL_SOCKET } from '../config/schema.ts'
import { askControl, NoDaemon } from '../supervise/askControl.ts'

/**
 * Asks the daemon that runs with this configuration; with a faulty one, the daemon at the usual socket, which is to
 * say itself what it finds. Throws NoDaemon, and ConfigError when there is neither.
 */
export async function askDaemon(loadConfig: () => LoadedConfig, op: string): Promise<unknown> {
  let path: string
  try {
    path = loadConfig().config.processes.controlSocket
  } catch (fault) {
    if (!(fault instanceof ConfigError)) throw fault
    return askControl(CONTROL_SOCKET, op).catch(cause => {
      throw cause instanceof NoDaemon ? fault : cause
    })
  }
  return askControl(path, op)
}
