import { Refusal } from '../../native-free/refusal.ts'

export type VomsConfCode =
  /** A token that is no option. */
  | 'VOMS_CONF_TOKEN'
  /** An option that vomsd does not know. */
  | 'VOMS_CONF_UNKNOWN'
  /** An option without the value it needs, or a flag with one. */
  | 'VOMS_CONF_VALUE'
  /** A value that is no number, or too large. */
  | 'VOMS_CONF_NUMBER'

/** One option of a file of vomsd's, and where it stands: line and column from 1. */
export interface VomsConfOption {
  readonly name: string
  /** undefined: a flag. */
  readonly value: string | undefined
  readonly line: number
  readonly column: number
}

/** What vomsd takes: with a text, a number, or nothing behind the name. */
const TEXTS = [
  ...['vo', 'uri', 'x509_user_cert', 'x509_user_key', 'x509_cert_dir', 'dbname', 'username', 'contactstring'],
  ...[
    'mysql-socket',
    'passfile',
    'sqlloc',
    'logfile',
    'logformat',
    'logdateformat',
    'conf',
    'globusid',
    'globuspwd',
  ],
  ...['desired_name', 'x509_cert_file', 'x509_user_proxy'],
] as const
const NUMBERS = [
  ...['port', 'timeout', 'mysql-port', 'socktimeout', 'max-reqs', 'backlog', 'loglevel', 'logtype', 'logmax'],
  ...['code', 'globus'],
] as const
const FLAGS = [
  ...[
    'shortfqans',
    'skipcacheck',
    'newformat',
    'base64',
    'syslog',
    'nologfile',
    'foreground',
    'debug',
    'test',
  ],
  ...['help', 'usage', 'version', 'compat'],
] as const

const texts: readonly string[] = TEXTS
const numbers: readonly string[] = NUMBERS
const flags: readonly string[] = FLAGS

/** Larger than any file that people write. */
const MAX_TOKENS = 1000
const MAX_NUMBER = 2_147_483_647

/**
 * Reads one of vomsd's option files: tokens between white space, each `--name=value` or `--flag` with one or two
 * dashes; one that begins with `#` is passed over, that token alone. Answers the options in order, and every refusal,
 * whose message names line and column and whose `at` is the token's number from 1.
 */
export function parseVomsConf(text: string): {
  readonly options: readonly VomsConfOption[]
  readonly refusals: readonly Refusal<VomsConfCode>[]
} {
  const options: VomsConfOption[] = []
  const refusals: Refusal<VomsConfCode>[] = []
  let count = 0
  for (const { token, line, column } of tokensOf(text)) {
    if (++count > MAX_TOKENS) {
      refusals.push(refuse('VOMS_CONF_TOKEN', `more than ${MAX_TOKENS} tokens`, line, column, count))
      break
    }
    if (token.startsWith('#')) continue
    try {
      options.push({ ...readOption(token, line, column, count), line, column })
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      refusals.push(cause)
    }
  }
  return { options, refusals }
}

function readOption(token: string, line: number, column: number, at: number) {
  const no = (code: VomsConfCode, message: string) => refuse(code, message, line, column, at)
  const parts = /^--?([A-Za-z0-9][A-Za-z0-9_-]*)(?:=(.*))?$/.exec(token)
  if (parts === null) {
    throw no(
      'VOMS_CONF_TOKEN',
      `${shown(token)} is no option; write --name=value, and # before every word of a remark`,
    )
  }
  const name = fullName(parts[1]!)
  const value = parts[2]
  if (typeof name !== 'string') {
    const list = name.map(one => `--${one}`).join(', ')
    throw no('VOMS_CONF_UNKNOWN', `${shown(`--${parts[1]}`)} may be any of ${list}`)
  }
  if (flags.includes(name)) {
    if (value !== undefined) throw no('VOMS_CONF_VALUE', `--${name} takes no value`)
    return { name, value }
  }
  if (!texts.includes(name) && !numbers.includes(name)) {
    throw no('VOMS_CONF_UNKNOWN', `${shown(`--${name}`)} is no option of vomsd`)
  }
  if (value === undefined || value === '')
    throw no('VOMS_CONF_VALUE', `--${name} needs a value: --${name}=VALUE`)
  if (numbers.includes(name) && !(/^-?[0-9]{1,10}$/.test(value) && Number(value) <= MAX_NUMBER)) {
    throw no('VOMS_CONF_NUMBER', `--${name}=${shown(value)} is no whole number`)
  }
  return { name, value }
}

/** What vomsd understands by a name: that option, or the only one that begins so; several are its answer when they do. */
function fullName(name: string): string | readonly string[] {
  const known = [...texts, ...numbers, ...flags]
  if (known.includes(name)) return name
  const begun = known.filter(one => one.startsWith(name))
  if (begun.length === 0) return name
  return begun.length === 1 ? begun[0]! : begun
}

function* tokensOf(text: string): Generator<{ token: string; line: number; column: number }> {
  let line = 1
  for (const content of text.split('\n')) {
    for (const match of content.matchAll(/[^\s]+/g)) {
      yield { token: match[0], line, column: match.index + 1 }
    }
    line++
  }
}

function refuse(
  code: VomsConfCode,
  message: string,
  line: number,
  column: number,
  at: number,
): Refusal<VomsConfCode> {
  return new Refusal(code, `line ${line}, column ${column} (token ${at}): ${message}`, at)
}

function shown(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 57)}...`)
}
