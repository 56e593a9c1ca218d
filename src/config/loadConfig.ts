import { hostname, networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import { ConfigError } from './ConfigError.ts'
import { checkConfig } from './checkConfig.ts'
import { readConfig, readToml } from './readConfig.ts'
import { type IgnoredOption, readVomsConf, type VomsConf } from './readVomsConf.ts'
import type { Config } from './types.ts'

export interface ConfigSources {
  /** The TOML file; undefined: none is read, where vomsd's files say enough. */
  readonly file: string | undefined
  /** vomsd's option files, or folders of them. */
  readonly vomsConf: readonly string[]
}

export interface LoadedConfig {
  readonly config: Config
  readonly ignored: readonly IgnoredOption[]
}

/**
 * The checked configuration from a TOML file, from vomsd's option files, or from both: then each VO may stand in
 * either, and what the TOML file says of anything else wins. Throws ConfigError with every fault.
 */
export function loadConfig({ file, vomsConf }: ConfigSources): LoadedConfig {
  if (vomsConf.length === 0 && file !== undefined) return { config: readConfig(file), ignored: [] }
  const hasIpv6 = Object.values(networkInterfaces()).some(list =>
    list?.some(({ family }) => family === 'IPv6'),
  )
  const deps = { hostName: hostname(), hasIpv6, uid: process.getuid?.() ?? 0 }
  const read = readVomsConf(vomsConf, deps)
  const toml = file === undefined ? {} : readToml(file)
  const config = check(
    merge(toml, read),
    file === undefined ? '/' : dirname(resolve(file)),
    read,
    tomlVos(toml).length,
  )
  return { config, ignored: read.ignored }
}

function merge(toml: unknown, { tables }: VomsConf): unknown {
  if (!isTable(toml)) return toml
  const merged: Record<string, unknown> = { ...tables, ...toml }
  for (const [name, table] of Object.entries(tables)) {
    if (isTable(table) && isTable(toml[name])) merged[name] = { ...table, ...toml[name] }
  }
  // What [[vo]] holds is told apart by its place: those of the TOML file come first.
  return { ...merged, vo: [...tomlVos(toml), ...(tables['vo'] as unknown[])] }
}

function tomlVos(toml: unknown): unknown[] {
  return isTable(toml) && Array.isArray(toml['vo']) ? toml['vo'] : []
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Faults of what came from one of vomsd's files name that file. */
function check(raw: unknown, folder: string, { files }: VomsConf, before: number): Config {
  try {
    return checkConfig(raw, folder)
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new ConfigError(
      cause.faults.map(fault => {
        const [, index, key] = /^vo\[(\d+)\]\.?(.*)$/.exec(fault.path) ?? []
        const file = index === undefined ? undefined : files[Number(index) - before]
        return file === undefined ? fault : { ...fault, path: `${file}: ${key}` }
      }),
    )
  }
}
