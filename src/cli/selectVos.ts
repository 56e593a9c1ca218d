import type { Config, VoConfig } from '../config/types.ts'
import { CliError } from './CliError.ts'
import { EXIT } from './exitCodes.ts'

/** The VO of that name, or every VO when none is named. Throws CliError for a name that is not configured. */
export function selectVos(config: Config, name: string | undefined): readonly VoConfig[] {
  if (name === undefined) return config.vos
  const vo = config.vos.find(one => one.name === name)
  if (vo === undefined) {
    const known = config.vos.map(one => one.name).join(', ')
    throw new CliError(EXIT.usage, `VO ${name} is not configured; there are: ${known}`)
  }
  return [vo]
}
