import { askRest, ca, type Daemon, LONG, type RestAnswer, startDaemon } from '../e2e/daemon.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import { createCa } from '../pki/createCa.ts'
import type { NameInput } from '../pki/distinguishedName.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueEec } from '../pki/issueEec.ts'

export const VO = 'vo.0'
export const CA_DN = '/C=IT/O=Test/CN=CA'

/** A member as the directory has him: where his DN is text, as whoever registered him wrote it. */
export interface Registration {
  readonly member: string
  readonly subject: string
  readonly issuer?: string
  readonly suspended?: boolean
}

/** The daemon over a real store with these members beside those of the sample VO, and what was issued to whom. */
export async function openCourt(
  registrations: readonly Registration[],
  change: Record<string, unknown> = {},
) {
  const daemon = await startDaemon(change)
  await register(daemon, registrations)
  return daemon
}

async function register(daemon: Daemon, registrations: readonly Registration[]): Promise<void> {
  const db = await daemon.database()
  try {
    for (const member of new Set(registrations.map(one => one.member))) {
      await db.query(
        `with m as (insert into vouchd.member (vo_id, source_id, given_name)
                    select id, $1, $1 from vouchd.vo where name = $2 returning id, vo_id)
         insert into vouchd.holding (vo_id, member_id, group_id)
         select m.vo_id, m.id, g.id from m join vouchd.vo_group g on g.vo_id = m.vo_id and g.path = '/vo.0'`,
        [member, VO],
      )
      await db.query(
        `insert into vouchd.member_attribute (vo_id, member_id, class_id, value)
         select m.vo_id, m.id, k.id, $1 from vouchd.member m, vouchd.attribute_class k
         where m.source_id = $1 and k.name = 'nickname'`,
        [member],
      )
    }
    for (const { member, subject, issuer = CA_DN, suspended = false } of registrations) {
      await db.query(
        `insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key, suspended)
         select vo_id, id, $2, $2, $3, $3, $4 from vouchd.member where source_id = $1`,
        [member, subject, issuer, suspended],
      )
    }
  } finally {
    await db.close()
  }
}

/** Whom the daemon takes the owner of the chain for: the member's name, or the code of the refusal. */
export async function whois(daemon: Daemon, chain: readonly Credential[]): Promise<string> {
  return identityIn(await askPatiently(daemon.port(), chain))
}

/** As askRest, again where a busy machine's database did not answer in time: that is no verdict. */
export async function askPatiently(
  port: number,
  chain: readonly Credential[],
  query = '',
): Promise<RestAnswer> {
  for (let tries = 0; ; tries++) {
    const answer = await askRest(port, chain, query)
    if (answer.status !== 503 || tries === 10) return answer
  }
}

async function identityIn({ ac, code, message }: RestAnswer): Promise<string> {
  if (ac === undefined) return /more than one member/.test(message ?? '') ? 'ambiguous' : (code ?? 'nothing')
  const { attributes } = await readAcIndependently(ac)
  return attributes.find(({ name }) => name === 'nickname')?.value ?? 'somebody'
}

/** The reason code in the log of the last refusal. */
export function lastReason(daemon: Daemon): unknown {
  return daemon.log.findLast(line => line['reason'] !== undefined)?.['reason']
}

export const eecOf = (subject: NameInput, issuer: Credential = ca) => issueEec(issuer, { subject, ...LONG })

/** A CA of another key, and of another name unless told otherwise. */
export const otherCa = (subject = '/C=IT/O=Other/CN=CA') => createCa({ subject, ...LONG })
