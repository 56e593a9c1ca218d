import type { AttributeCertificate } from '../../../native-free/ac/types.ts'
import { shortForm } from '../../../native-free/fqan/shortForm.ts'
import type { Endpoint, TlsIdentity } from '../../client/connectTls.ts'
import type { JudgeServer } from '../../client/judgeServer.ts'
import { serversOf, type VomsesFiles } from '../../client/readVomses.ts'
import { type FailedAttempt, formatEndpoint, requestAc, ServerRefusal } from '../../client/requestAc.ts'
import { readReceivedAc } from '../../client/verifyClientAc.ts'
import { orderFor, requestedFqans, type VomsArgument } from '../../client/vomsArguments.ts'
import type { ProxyInitPlan } from './plan.ts'

/** What is the same for every VO of one run. */
export interface ObtainOptions {
  readonly plan: ProxyInitPlan
  readonly vomses: VomsesFiles
  readonly identity: TlsIdentity
  readonly judge: JudgeServer
  random(bound: number): number
  onContact(server: Endpoint): void
}

/** An AC as it came, not yet believed. */
export interface ObtainedAc {
  readonly ac: AttributeCertificate
  /** HOST:PORT that gave it. */
  readonly server: string
  readonly warnings: readonly string[]
}

/** Asks a VO's servers for what the user wants of it. Throws ClientError and AcRequestError. */
export async function obtainAc(argument: VomsArgument, options: ObtainOptions): Promise<ObtainedAc> {
  const { plan } = options
  const servers = serversOf(argument.name, options.vomses, plan.vomses)
  const [{ vo }] = servers
  const fqans = requestedFqans(argument, vo)
  const request = {
    fqans,
    order: orderFor(vo, plan.order),
    targets: plan.targets,
    lifetimeSeconds: plan.acSeconds,
  }
  const answer = await requestAc(servers, request, {
    identity: options.identity,
    judge: options.judge,
    times: plan.times,
    protocols: plan.protocols,
    random: options.random,
    onContact: options.onContact,
  })
  const ac = readReceivedAc(answer.ac, vo)
  const missing = notGranted(fqans, ac)
  return {
    ac,
    server: formatEndpoint(answer.server),
    warnings: [
      ...answer.warnings.map(({ message }) => message.trim()),
      ...missing.map(fqan => `${fqan} was asked for, and is not in the AC`),
    ],
  }
}

/** Servers may leave out what they do not grant, without a word. */
function notGranted(fqans: readonly string[], ac: AttributeCertificate): string[] {
  const granted = new Set(ac.fqans.map(shortForm))
  return fqans.filter(
    fqan => fqan.startsWith('/') && !fqan.startsWith('/Role=') && !granted.has(shortForm(fqan)),
  )
}

/** What a user might do about a refusal, beyond what the server said; undefined: nothing comes to mind. */
export function hintFor({ error }: FailedAttempt, vo: string): string | undefined {
  if (!(error instanceof ServerRefusal)) return undefined
  const { message } = error
  if (message.includes('User unknown to this VO')) {
    return `is this the certificate that you registered with ${vo}? A renewed one with another subject or CA has to be registered, too`
  }
  // What --list sends, and the rules of INDIGO IAM do not know.
  if (message.includes('Unable to satisfy A request')) {
    return `this server does not give everything at once: --voms ${vo} brings your groups, a role has to be named`
  }
  if (message.includes('Unable to satisfy')) {
    return `FQANs begin with /${vo}; --list shows those that you hold`
  }
  return undefined
}
