import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { ConfigError } from './ConfigError.ts'
import { checkConfig } from './checkConfig.ts'
import type { Config } from './types.ts'

/** Far above any real configuration; keeps a wrong path (a log, a device) from filling memory. */
const MAX_BYTES = 1024 * 1024

/**
 * Reads and checks a TOML file. Relative paths in it count from its own folder.
 * Throws ConfigError with every fault; a file that cannot be read or parsed is one fault.
 */
export function readConfig(file: string): Config {
  return checkConfig(readToml(file), dirname(resolve(file)))
}

/** The same, unchecked. */
export function readToml(file: string): unknown {
  return parseToml(readText(file), file)
}

function readText(file: string): string {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const stat = fstatSync(descriptor)
      if (!stat.isFile()) throw fileFault(file, 'is not a file')
      if (stat.size > MAX_BYTES) throw fileFault(file, `has ${stat.size} bytes, more than ${MAX_BYTES}`)
      return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor))
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw fileFault(file, describeReadError(cause))
  }
}

function fileFault(file: string, problem: string): ConfigError {
  return new ConfigError([
    {
      path: '',
      problem: `${file} ${problem}`,
      advice: 'name a configuration file with --config FILE; config/minimal.toml is one to start from',
    },
  ])
}

function describeReadError(cause: unknown): string {
  if (cause instanceof TypeError) return 'is not UTF-8 text'
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'EACCES') return 'may not be read by this user'
  return `cannot be read (${code ?? 'unknown error'})`
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const what = cause.message.split('\n', 1)[0]!.replace(/^Invalid TOML document: /, '')
    throw new ConfigError([
      {
        path: '',
        problem: `${file} line ${cause.line}, column ${cause.column}: ${what}`,
        advice: /^(?:invalid value|illegal character in numeric)\b/i.test(what)
          ? 'write text in quotes: key = "value"'
          : 'correct the TOML there',
      },
    ])
  }
}
