import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** Where and with what a benchmark ran: what its times mean nothing without. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly kernel: string
  readonly node: string
  readonly openssl: string
  readonly vouchd: string
  readonly revision: string | undefined
  /** Load average of the minute before: other work on the machine. */
  readonly loadBefore: number
}

export function describeMachine(): Machine {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    node: process.version,
    openssl: process.versions.openssl,
    vouchd: version,
    revision: revision(),
    loadBefore: Number(readFileSync('/proc/loadavg', 'latin1').split(' ')[0]),
  }
}

/** undefined outside of a checkout. */
function revision(): string | undefined {
  try {
    const cwd = new URL('.', import.meta.url)
    return execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], {
      cwd,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim()
  } catch {
    return undefined
  }
}
