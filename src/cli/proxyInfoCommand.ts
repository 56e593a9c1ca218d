import type { Command } from 'commander'
import { ClientError } from '../client/ClientError.ts'
import { defaultCertDir, defaultProxyFile, defaultVomsdir } from '../client/userPaths.ts'
import { CliError } from './CliError.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { parseCount, parseHoursMinutes } from './lifetime.ts'
import { printable } from './printable.ts'
import { judgeProxy, type ProxyJudgement } from './proxyInfo/judgeProxy.ts'
import {
  PRINT_OPTIONS,
  type PrintOption,
  type ProxyInfoArguments,
  proxyInfoOptions,
} from './proxyInfo/options.ts'
import { formatProxyInfo, keyBits, proxyInfoToJson, valuesOf } from './proxyInfo/printProxyInfo.ts'
import { type ProxyFile, readProxy } from './proxyInfo/readProxy.ts'

/** `vouchd proxy-info`: what a proxy holds, and whether it would be believed. */
export function proxyInfoCommand(context: CliContext): Command {
  return proxyInfoOptions().action(
    context.action(async (options: ProxyInfoArguments) => {
      try {
        return await run(context.io, options)
      } catch (cause) {
        if (!(cause instanceof ClientError)) throw cause
        const advice = cause.advice === undefined ? '' : `; ${cause.advice}`
        throw new CliError(EXIT.refused, `${cause.message}${advice}`)
      }
    }),
  )
}

async function run(io: CliIo, options: ProxyInfoArguments): Promise<ExitCode> {
  const now = io.clock.now()
  const wanted = wantedExistence(options)
  const proxy = readProxy(options.file ?? defaultProxyFile(io.user))
  if (wanted !== undefined) {
    const lack = whatIsMissing(proxy, wanted, now)
    if (lack === undefined) return EXIT.ok
    throw new CliError(EXIT.refused, lack)
  }
  const judgement = await judgeProxy(proxy, {
    certdir: options.certdir ?? defaultCertDir(io.user),
    vomsdir: options.vomsdir ?? defaultVomsdir(io.user),
    verifyAcs: options.dontVerifyAc !== true,
    clock: io.clock,
  })
  print(io, proxy, judgement, options, now)
  const { expired, problems } = judgement
  for (const problem of [...expired, ...problems]) io.err(`${printable(`WARNING: ${problem}`)}\n`)
  // Scripts read the time left of a proxy that has ended, which is 0, and expect success.
  return problems.length === 0 ? EXIT.ok : EXIT.refused
}

interface Existence {
  readonly seconds: number
  readonly bits: number
  readonly vos: readonly string[]
}

/** undefined: neither --exists nor --acexists was given. */
function wantedExistence({
  exists,
  valid,
  hours,
  bits,
  acexists,
}: ProxyInfoArguments): Existence | undefined {
  if (!exists && (valid ?? hours ?? bits) !== undefined) {
    throw new CliError(EXIT.usage, '--valid, --hours and --bits belong to --exists')
  }
  if (!exists && acexists.length === 0) return undefined
  const asked =
    valid === undefined ? hours && parseHoursMinutes('--hours', hours) : parseHoursMinutes('--valid', valid)
  return {
    seconds: asked || 0,
    bits: bits === undefined ? 0 : parseCount('--bits', bits, 0, 100_000),
    vos: acexists,
  }
}

function whatIsMissing(proxy: ProxyFile, { seconds, bits, vos }: Existence, now: number): string | undefined {
  if (proxy.validUntil <= now) return 'the proxy has expired'
  if (proxy.validUntil - now < seconds) {
    return `the proxy is good for ${proxy.validUntil - now} seconds, less than ${seconds}`
  }
  if (keyBits(proxy) < bits) return `the key of the proxy has ${keyBits(proxy)} bits, less than ${bits}`
  const absent = vos.find(vo => !proxy.acs.some(ac => ac.vo === vo))
  return absent === undefined ? undefined : `the proxy has no AC of VO ${absent}`
}

function print(
  io: CliIo,
  proxy: ProxyFile,
  judgement: ProxyJudgement,
  options: ProxyInfoArguments,
  now: number,
): void {
  if (options.json) {
    io.out(`${JSON.stringify(proxyInfoToJson(proxy, judgement, now), undefined, 2)}\n`)
    return
  }
  const single = (Object.keys(PRINT_OPTIONS) as PrintOption[]).filter(name => options[name])
  if (single.length === 0 || options.all || options.chain) {
    io.out(formatProxyInfo(proxy, now, { all: options.all === true, chain: options.chain === true }))
    return
  }
  for (const name of single) for (const value of valuesOf(name, proxy, now)) io.out(`${printable(value)}\n`)
}
