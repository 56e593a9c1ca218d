import { randomBytes, randomInt } from 'node:crypto'
import type { Command } from 'commander'
import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { sentenceFor } from '../authenticate/reasonSentences.ts'
import { createVomsdir } from '../authenticate/trust/createVomsdir.ts'
import { ClientError } from '../client/ClientError.ts'
import { type ClientTrust, loadClientTrust } from '../client/clientTrust.ts'
import { createServerJudge } from '../client/judgeServer.ts'
import { type MadeProxy, makeProxy } from '../client/makeProxy.ts'
import { readUserCredential } from '../client/readUserCredential.ts'
import { readVomses, serversOf } from '../client/readVomses.ts'
import { AcRequestError, describeAttempt, formatEndpoint } from '../client/requestAc.ts'
import { tlsIdentity, type UserCredential } from '../client/UserCredential.ts'
import { acProblem } from '../client/verifyClientAc.ts'
import { writeProxyFile } from '../client/writeProxyFile.ts'
import { formatTime, isoTime } from '../formatTime.ts'
import { CliError } from './CliError.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { acToJson } from './printAc.ts'
import { printable } from './printable.ts'
import { hintFor, type ObtainedAc, obtainAc } from './proxyInit/obtainAc.ts'
import { type ProxyInitArguments, proxyInitOptions } from './proxyInit/options.ts'
import { type ProxyInitPlan, planProxyInit } from './proxyInit/plan.ts'

/** `vouchd proxy-init`: a proxy with ACs, from any VOMS server. */
export function proxyInitCommand(context: CliContext): Command {
  return proxyInitOptions().action(
    context.action(async (options: ProxyInitArguments) => {
      try {
        return await run(context.io, options)
      } catch (cause) {
        if (cause instanceof ClientError) throw new CliError(EXIT.refused, explain(cause))
        throw cause
      }
    }),
  )
}

/** A message and what to do, as one text for people. */
function explain({ message, advice }: ClientError): string {
  return advice === undefined ? message : `${message}; ${advice}`
}

async function run(io: CliIo, options: ProxyInitArguments): Promise<ExitCode> {
  const plan = planProxyInit(options, io.user)
  const say = (text: string) => options.quiet || io.err(`${printable(text)}\n`)
  const credential = await readUserCredential(plan.credential, file =>
    options.pwstdin ? io.readLine() : io.askSecret(`Passphrase of ${printable(file)}: `),
  )
  say(`Your identity: ${onelineF1(credential.eec.subject)}`)
  const trust = await loadTrustIfNeeded(plan, options, io)
  if (options.verify && trust) verifyOwn(credential, trust)
  const obtained = trust === undefined ? [] : await obtainAcs(plan, options, credential, trust, io, say)
  if (options.list) return printList(obtained, options, io)
  if (options.failonwarn && obtained.some(({ warnings }) => warnings.length > 0)) {
    throw new CliError(EXIT.refused, 'no proxy was written, because of the warnings (--failonwarn)')
  }
  const proxy = await makeProxy(credential, {
    key: plan.key,
    lifetimeSeconds: plan.proxySeconds,
    limited: plan.limited,
    pathLength: plan.pathLength,
    acs: obtained.map(({ ac }) => ac.der),
    now: io.clock.now(),
    randomBytes,
  })
  writeProxyFile(plan.out, proxy.file, randomBytes(8).toString('hex'))
  if (proxy.isShortened) say('Warning: the proxy ends with the certificate that it was made from')
  report(proxy, plan, obtained, options, io)
  return EXIT.ok
}

async function loadTrustIfNeeded(
  plan: ProxyInitPlan,
  options: ProxyInitArguments,
  io: CliIo,
): Promise<ClientTrust | undefined> {
  if (plan.vos.length === 0 && !options.verify) return undefined
  return await loadClientTrust(plan.certdir, io.clock)
}

function verifyOwn({ certificates }: UserCredential, trust: ClientTrust): void {
  const sent = certificates.map(({ der }) => der)
  const verdict = trust.authenticator.authenticate(sent, false)
  if (verdict.accepted) return
  throw new ClientError(
    'credential',
    `services would not accept your certificate: ${sentenceFor(verdict)} (${verdict.reason}: ${verdict.detail})`,
    `it was judged by the CAs in ${trust.folder}`,
  )
}

/** An AC of each VO, in the user's order; all or nothing. */
async function obtainAcs(
  plan: ProxyInitPlan,
  options: ProxyInitArguments,
  credential: UserCredential,
  trust: ClientTrust,
  io: CliIo,
  say: (text: string) => void,
): Promise<readonly ObtainedAc[]> {
  if (plan.vos.length === 0) return []
  const vomses = readVomses(plan.vomses)
  for (const fault of vomses.faults) say(`Warning: ${fault}`)
  // A VO that is not known is told of before any server is asked.
  for (const { name } of plan.vos) serversOf(name, vomses, plan.vomses)
  const vomsdir = createVomsdir(plan.vomsdir, (path, what) => say(`Warning: ${path} ${what}`))
  const obtained: ObtainedAc[] = []
  for (const argument of plan.vos) {
    const one = await obtainAc(argument, {
      plan,
      vomses,
      identity: tlsIdentity(credential),
      judge: createServerJudge({ trust, checkHostName: options.skipHostnameChecks !== true }),
      random: randomInt,
      onContact: server => say(`Contacting ${formatEndpoint(server)} for ${argument.name}`),
    }).catch(cause => {
      throw cause instanceof AcRequestError
        ? new CliError(EXIT.refused, noAc(serversOf(argument.name, vomses, plan.vomses)[0].vo, cause))
        : cause
    })
    if (!options.ignorewarn)
      for (const warning of one.warnings) io.err(`${printable(`Warning: ${one.server}: ${warning}`)}\n`)
    if (!options.dontVerifyAc) {
      const around = { trust, vomsdir, vomsdirFolder: plan.vomsdir, now: io.clock.now() }
      const problem = await acProblem(one.ac, credential.eec, around)
      if (problem !== undefined) {
        const what = `the AC that ${one.server} gave would not be believed: ${explain(problem)}`
        throw new CliError(EXIT.refused, `${what} (--dont-verify-ac takes it all the same)`)
      }
    }
    obtained.push(one)
  }
  return obtained
}

/** Each server's last word, once. */
function noAc(vo: string, { attempts }: AcRequestError): string {
  const words = [...new Set(attempts.map(describeAttempt))]
  const hints = [...new Set(attempts.map(attempt => hintFor(attempt, vo)))].filter(hint => hint !== undefined)
  return [`no AC of VO ${vo}: ${words.join('; ')}`, ...hints].join('. ')
}

function printList(obtained: readonly ObtainedAc[], { json }: ProxyInitArguments, io: CliIo): ExitCode {
  if (json) {
    const list = obtained.map(({ ac }) => ({ vo: ac.vo, fqans: ac.fqans }))
    io.out(`${JSON.stringify(list, undefined, 2)}\n`)
  } else for (const { ac } of obtained) for (const fqan of ac.fqans) io.out(`${printable(fqan)}\n`)
  return EXIT.ok
}

function report(
  { certificate, validUntil }: MadeProxy,
  { out }: ProxyInitPlan,
  obtained: readonly ObtainedAc[],
  { json, quiet }: ProxyInitArguments,
  io: CliIo,
): void {
  if (json) {
    const proxy = {
      file: out,
      subject: onelineF1(certificate.subject),
      issuer: onelineF1(certificate.issuer),
      notAfter: isoTime(validUntil),
      acs: obtained.map(({ ac, server, warnings }) => ({ ...acToJson(ac), server, warnings })),
    }
    io.out(`${JSON.stringify(proxy, undefined, 2)}\n`)
  } else if (!quiet) {
    io.out(`Created proxy in ${printable(out)}.\n\nYour proxy is valid until ${formatTime(validUntil)}\n`)
  }
}
