import type { Queryable } from '../store/database.ts'
import { choicesOf, DECISIONS, type DecisionKind, type Decisions } from './decisions.ts'
import { ImportError } from './ImportError.ts'
import type { SourceKind } from './SourceKind.ts'

export type FindingKind = DecisionKind | (typeof PLAIN_KINDS)[number]

const PLAIN_KINDS = [
  'suspended-member-active-certificate',
  'member-without-certificate',
  'certificate-spelled-twice',
  'certificate-of-local-member',
  'holding-of-nothing',
  'group-left-out',
  'group-added',
  'role-left-out',
  'table-left-out',
] as const

/** Something in the source that its administrators should know of. */
export interface ImportFinding {
  readonly kind: FindingKind
  /** info: imported as it is. decision: what was done here is one of several ways. */
  readonly severity: 'info' | 'decision'
  /** What it is, and what the import does with it. */
  readonly meaning: string
  /** How it was decided, where there is a choice. */
  readonly decided: string | undefined
  /** The ways to decide it. */
  readonly choices: readonly string[]
  readonly count: number
  /** Who or what, the first ones of them. */
  readonly examples: readonly string[]
}

interface FindingRule {
  readonly kind: FindingKind
  readonly severity: ImportFinding['severity']
  readonly meaning: string
  /** What is done, by decision; for a rule without a choice, under `always`. */
  readonly done: Readonly<Record<string, string>>
  readonly sql: string
  /** Only sources of this kind can have it. */
  readonly only?: SourceKind['name']
  /** Statements that take out of the model what the decision "skip" leaves out. */
  readonly skip?: readonly string[]
}

const MAX_EXAMPLES = 100

const WHO = `coalesce(u.subject, u.email, u.username, u.id)`
const FAIL = 'Nothing is imported.'

/** Takes members out of the model with all that is theirs; `ids` selects theirs. */
function leaveMembers(ids: string): string[] {
  return [
    `create temporary table import_left on commit drop as ${ids}`,
    'delete from pg_temp.import_certificate where usr_id in (select id from pg_temp.import_left)',
    'delete from pg_temp.import_holding where usr_id in (select id from pg_temp.import_left)',
    'delete from pg_temp.import_attribute where usr_id in (select id from pg_temp.import_left)',
    'delete from pg_temp.import_usr where id in (select id from pg_temp.import_left)',
    'drop table pg_temp.import_left',
  ]
}

// Each query gives one text a row, over the staged model (pg_temp.import_...), before it is merged. $1 is the
// VO's name, $2 the time as timestamptz.
const OUTSIDE_ROOT = `not exists (
  select from pg_temp.import_holding h join pg_temp.import_vo_group g on g.id = h.group_id
  where h.usr_id = u.id and g.path = '/' || $1)`
const UNKNOWN_CA = `(not exists (select from pg_temp.import_ca a where a.id = c.ca_id)
  or not exists (select from pg_temp.import_usr u where u.id = c.usr_id))`
const NO_DN = `(c.subject_key not like '/%' or exists (
  select from pg_temp.import_ca a where a.id = c.ca_id and a.subject_key not like '/%'))`
const UNTRUSTED_CA = `not (${UNKNOWN_CA})
  and exists (select from pg_temp.import_trusted_ca)
  and not exists (select from pg_temp.import_ca a join pg_temp.import_trusted_ca t on t.subject_key = a.subject_key
    where a.id = c.ca_id)`
const NAMED_AS_GROUP = `from pg_temp.import_holding h
  join pg_temp.import_role r on r.id = h.role_id
  join pg_temp.import_vo_group p on p.id = h.group_id
  join pg_temp.import_vo_group g on g.path = p.path || '/' || r.name`
const ODD_PATH = `usable and path !~ '^[A-Za-z0-9._/-]+$'`
const ODD_ROLE = `usable and name !~ '^[A-Za-z0-9._-]+$'`

/** Over the model as it was staged. */
const STAGED_RULES: readonly FindingRule[] = [
  {
    kind: 'suspended-member',
    severity: 'info',
    meaning: 'The member is suspended.',
    done: {
      enforce: 'He is refused with every certificate.',
      certificates: 'He is refused with suspended certificates only, as the VOMS server does.',
      skip: 'He is left out.',
      fail: FAIL,
    },
    sql: `select ${WHO} || ': ' || coalesce(u.suspended_reason, 'Reason unknown')
          from pg_temp.import_usr u where u.suspended`,
    skip: leaveMembers('select id from pg_temp.import_usr where suspended'),
  },
  {
    kind: 'suspended-member-active-certificate',
    severity: 'decision',
    meaning:
      'The member is suspended, but not this certificate: the VOMS server looks at the certificate alone.',
    done: { always: 'What was decided about suspended members decides.' },
    only: 'voms-admin',
    sql: `select c.subject from pg_temp.import_certificate c join pg_temp.import_usr u on u.id = c.usr_id
          where u.suspended and not c.suspended`,
  },
  {
    kind: 'suspended-certificate',
    severity: 'info',
    meaning: 'The certificate is suspended.',
    done: { keep: 'It is refused with its reason, as before.', skip: 'It is left out.', fail: FAIL },
    sql: `select subject || ': ' || coalesce(suspended_reason, 'Reason unknown')
          from pg_temp.import_certificate where suspended`,
    skip: ['delete from pg_temp.import_certificate where suspended'],
  },
  {
    kind: 'membership-ended',
    severity: 'info',
    meaning: 'The end of the membership is past.',
    done: {
      keep: 'It is kept but not enforced, as the server that is replaced does.',
      enforce: 'It is enforced from now on, as that of every member of this VO.',
      skip: 'The member is left out.',
      fail: FAIL,
    },
    sql: `select ${WHO} || ': ' || to_char(u.ends_at at time zone 'UTC', 'YYYY-MM-DD')
          from pg_temp.import_usr u where u.ends_at < $2`,
    skip: leaveMembers('select id from pg_temp.import_usr where ends_at < $2'),
  },
  {
    kind: 'holding-ended',
    severity: 'info',
    meaning: 'The end of the membership in a group is past.',
    done: {
      keep: 'It is kept among what nothing reads, and the group is issued, as the server that is replaced does.',
      enforce: 'It is enforced from now on, as the end of every other one.',
      skip: 'The group is not held any more.',
      fail: FAIL,
    },
    sql: `select ${WHO} || ', ' || g.path || ': ' || to_char(h.ends_at at time zone 'UTC', 'YYYY-MM-DD')
          from pg_temp.import_holding h join pg_temp.import_usr u on u.id = h.usr_id
          join pg_temp.import_vo_group g on g.id = h.group_id where h.ends_at < $2`,
    skip: ['delete from pg_temp.import_holding where ends_at < $2'],
  },
  {
    kind: 'member-outside-root',
    severity: 'decision',
    meaning: "The member holds nothing in the VO's own group.",
    done: {
      keep: 'He is imported as he is; requests for plain membership are refused.',
      skip: 'He is left out.',
      fail: FAIL,
    },
    sql: `select ${WHO} from pg_temp.import_usr u where ${OUTSIDE_ROOT}`,
    skip: leaveMembers(`select u.id from pg_temp.import_usr u where ${OUTSIDE_ROOT}`),
  },
  {
    kind: 'duplicate-email',
    severity: 'decision',
    meaning: 'Several members share one e-mail address.',
    done: {
      keep: 'They are imported as they are.',
      skip: 'The one who was made first is imported, the others are left out.',
      fail: FAIL,
    },
    sql: `select email || ': ' || count(*) || ' members' from pg_temp.import_usr
          where email <> '' group by email having count(*) > 1`,
    skip: leaveMembers(`select id from (select id, row_number() over (
        partition by email order by created_at nulls last, length(id), id) as nth
      from pg_temp.import_usr where email <> '') n where nth > 1`),
  },
  {
    kind: 'member-without-certificate',
    severity: 'info',
    meaning: 'The member has no certificate, so nobody can be recognised as this member.',
    done: { always: '' },
    sql: `select ${WHO} from pg_temp.import_usr u
          where not exists (select from pg_temp.import_certificate c where c.usr_id = u.id)`,
  },
  {
    kind: 'unconvertible-dn',
    severity: 'decision',
    meaning: 'The subject or its issuer is no DN that can be converted.',
    done: {
      keep: 'It is imported as it is; no certificate will match it.',
      skip: 'It is left out.',
      fail: FAIL,
    },
    sql: `select c.subject from pg_temp.import_certificate c where ${NO_DN}`,
    skip: [`delete from pg_temp.import_certificate c where ${NO_DN}`],
  },
  {
    kind: 'unknown-ca',
    severity: 'decision',
    meaning: 'The CA or the member of the certificate is not in the database.',
    done: { skip: 'The certificate is left out, as that server cannot find it.', fail: FAIL },
    sql: `select c.subject from pg_temp.import_certificate c where ${UNKNOWN_CA}`,
  },
  {
    kind: 'untrusted-ca',
    severity: 'info',
    meaning: 'The CA of certificates is not in the trust directory here.',
    done: {
      keep: 'They are imported; nobody passes with them until the CA is there.',
      skip: 'They are left out.',
      fail: FAIL,
    },
    sql: `select a.subject || ': ' || count(*) || ' certificates'
          from pg_temp.import_certificate c join pg_temp.import_ca a on a.id = c.ca_id
          where ${UNTRUSTED_CA} group by a.subject`,
    skip: [`delete from pg_temp.import_certificate c where ${UNTRUSTED_CA}`],
  },
  {
    kind: 'holding-of-nothing',
    severity: 'decision',
    meaning: 'A membership refers to a member, group or role that does not exist.',
    done: { always: 'It is left out.' },
    sql: `select 'member ' || h.usr_id || ', group ' || h.group_id || coalesce(', role ' || h.role_id, '')
          from pg_temp.import_holding h
          where not exists (select from pg_temp.import_usr u where u.id = h.usr_id)
             or not exists (select from pg_temp.import_vo_group g where g.id = h.group_id)
             or h.role_id is not null and not exists (select from pg_temp.import_role r where r.id = h.role_id)`,
  },
  {
    kind: 'group-left-out',
    severity: 'decision',
    meaning: "The group lies outside the VO's tree, or its path would not read as one.",
    done: { always: 'It is left out: it may never be issued.' },
    sql: `select path from pg_temp.import_vo_group where not usable`,
  },
  {
    kind: 'group-added',
    severity: 'decision',
    meaning: 'A group above an existing one was missing.',
    done: { always: 'It is added, without members.' },
    sql: `select path from pg_temp.import_vo_group where id is null`,
  },
  {
    kind: 'role-left-out',
    severity: 'decision',
    meaning: 'The role has an empty name, or one with a slash.',
    done: { always: 'It is left out.' },
    sql: `select '"' || name || '"' from pg_temp.import_role where not usable`,
  },
  {
    kind: 'name-characters',
    severity: 'decision',
    meaning: 'The name has characters outside A-Z a-z 0-9 . _ -.',
    done: {
      keep: 'It is imported as it is; it cannot be asked for by name.',
      skip: 'It is left out, with the groups below it.',
      fail: FAIL,
    },
    sql: `select path from pg_temp.import_vo_group where ${ODD_PATH}
          union all select name from pg_temp.import_role where ${ODD_ROLE}`,
    skip: [
      `update pg_temp.import_vo_group set usable = false where ${ODD_PATH}`,
      `update pg_temp.import_role set usable = false where ${ODD_ROLE}`,
    ],
  },
  {
    kind: 'value-too-long',
    severity: 'info',
    meaning: 'The path, name or value has more than 255 characters, which other servers cannot hold.',
    done: { keep: 'It is imported whole.', skip: 'It is left out, with the groups below it.', fail: FAIL },
    sql: `select path from pg_temp.import_vo_group where usable and length(path) > 255
          union all select name from pg_temp.import_role where usable and length(name) > 255
          union all select k.name || ' = ' || a.value from pg_temp.import_attribute a
            join pg_temp.import_class k on k.id = a.class_id where length(a.value) > 255`,
    skip: [
      'update pg_temp.import_vo_group set usable = false where length(path) > 255',
      'update pg_temp.import_role set usable = false where length(name) > 255',
      'delete from pg_temp.import_attribute where length(value) > 255',
    ],
  },
  {
    kind: 'role-named-as-group',
    severity: 'info',
    meaning:
      'A role has the name of a group below the group in which it is held; servers that model roles as groups cannot tell them apart.',
    done: { keep: 'Both are imported.', skip: 'The role is not held there any more.', fail: FAIL },
    sql: `select distinct g.path || ' and role ' || r.name ${NAMED_AS_GROUP}`,
    skip: [`delete from pg_temp.import_holding where ctid in (select h.ctid ${NAMED_AS_GROUP})`],
  },
]

/** Over what is left of the certificates: pg_temp.import_known_certificate and import_final_certificate. */
const CERTIFICATE_RULES: readonly FindingRule[] = [
  {
    kind: 'subject-of-two-issuers',
    severity: 'decision',
    meaning: 'One subject comes from several CAs.',
    done: {
      keep: 'Where subjects alone are matched, it is refused as ambiguous if the members differ.',
      skip: 'It is left out.',
      fail: FAIL,
    },
    sql: `select min(subject) || ': ' || count(*) || ' certificates' from pg_temp.import_final_certificate
          group by subject_key having count(*) > 1`,
    skip: [
      `delete from pg_temp.import_final_certificate where subject_key in (
         select subject_key from pg_temp.import_final_certificate group by subject_key having count(*) > 1)`,
    ],
  },
  {
    kind: 'certificate-spelled-twice',
    severity: 'decision',
    meaning: 'Several rows of one member are one certificate in different spellings.',
    done: { always: 'One is kept, suspended if any was.' },
    sql: `select min(subject) || ': ' || count(*) || ' rows' from pg_temp.import_known_certificate
          group by subject_key, issuer_key having count(*) > 1 and count(distinct usr_id) = 1`,
  },
  {
    kind: 'certificate-of-two-members',
    severity: 'decision',
    meaning: 'One certificate, in different spellings, belongs to several members.',
    done: { skip: 'It is left out: nobody could tell whose it is.', fail: FAIL },
    sql: `select min(subject) || ': ' || count(distinct usr_id) || ' members' from pg_temp.import_known_certificate
          group by subject_key, issuer_key having count(distinct usr_id) > 1`,
  },
  {
    kind: 'certificate-of-local-member',
    severity: 'decision',
    meaning: 'The certificate belongs to a member who was not imported.',
    done: { always: 'It is left with that member.' },
    sql: `select k.subject from pg_temp.import_known_certificate k
          join vouchd.vo v on v.name = $1
          join vouchd.certificate c on c.vo_id = v.id
            and vouchd.fingerprint(c.subject_key) = vouchd.fingerprint(k.subject_key)
            and vouchd.fingerprint(c.issuer_key) = vouchd.fingerprint(k.issuer_key)
          join vouchd.member m on m.id = c.member_id where not m.extra ?| array['vomsAdmin', 'iam']`,
  },
]

/** Over the directory after the merge. */
const MERGED_RULES: readonly FindingRule[] = [
  {
    kind: 'aup-not-signed',
    severity: 'info',
    meaning: 'The member has not signed the current acceptable use policy, or his signature has lapsed.',
    done: { keep: 'He is refused until he signs, as the server that is replaced does.', fail: FAIL },
    sql: `select coalesce(m.username, m.email, m.id::text) from vouchd.member m join vouchd.vo v on v.id = m.vo_id
          where v.name = $1 and v.resolution = 'iam' and vouchd.aup_until(v.id, m.id) <= $2`,
  },
]

/** One of what a finding is about, and why it is told. */
export interface FoundItem extends Pick<ImportFinding, 'kind' | 'meaning' | 'decided'> {
  /** Who or what it is. */
  readonly what: string
}

export interface FindingsOptions {
  readonly vo: string
  /** Seconds since the epoch. */
  readonly now: number
  readonly source: SourceKind['name']
  readonly decisions: Decisions
  /** Told of every single one, however many there are. */
  readonly onFound?: ((item: FoundItem) => void | Promise<void>) | undefined
}

/** What needs a look or a decision in one phase of an import, with the first hundred of each kind. */
export async function findFindings(
  tx: Queryable,
  phase: 'staged' | 'certificates' | 'merged',
  options: FindingsOptions,
): Promise<ImportFinding[]> {
  const rules = { staged: STAGED_RULES, certificates: CERTIFICATE_RULES, merged: MERGED_RULES }[phase]
  const findings: ImportFinding[] = []
  for (const rule of rules) {
    if (rule.only !== undefined && rule.only !== options.source) continue
    const finding = await findOne(tx, rule, options)
    if (finding === undefined) continue
    findings.push(finding)
    await tellEach(tx, rule, finding, options)
    if (finding.decided !== 'skip') continue
    for (const statement of rule.skip ?? []) await run(tx, statement, options)
  }
  return findings
}

async function findOne(
  tx: Queryable,
  { kind, severity, meaning, done, sql }: FindingRule,
  options: FindingsOptions,
): Promise<ImportFinding | undefined> {
  const rows = await run<{ what: string; total: string }>(
    tx,
    `with found (what) as (${sql})
     select what, count(*) over () as total from found order by what collate "C" limit ${MAX_EXAMPLES}`,
    options,
  )
  const [first] = rows
  if (first === undefined) return undefined
  const decided = kind in DECISIONS ? options.decisions[kind as DecisionKind] : undefined
  return {
    kind,
    severity,
    meaning: [meaning, done[decided ?? 'always']].filter(Boolean).join(' '),
    decided,
    choices: decided === undefined ? [] : choicesOf(options.source, kind as DecisionKind),
    count: Number(first.total),
    examples: rows.map(({ what }) => what),
  }
}

const PAGE = 1000

/** Reads them a page at a time: a large VO may have one of each member. */
async function tellEach(
  tx: Queryable,
  { sql }: FindingRule,
  { kind, meaning, decided }: ImportFinding,
  options: FindingsOptions,
): Promise<void> {
  const { onFound } = options
  if (onFound === undefined) return
  await run(
    tx,
    `create temporary table import_found on commit drop as
     select row_number() over (order by what collate "C") as n, what from (${sql}) f (what)`,
    options,
  )
  for (let after = 0, more = true; more; after += PAGE) {
    const rows = await tx.query<{ what: string }>(
      'select what from pg_temp.import_found where n > $1 and n <= $2 order by n',
      [after, after + PAGE],
    )
    for (const { what } of rows) await onFound({ kind, meaning, decided, what })
    more = rows.length === PAGE
  }
  await tx.query('drop table pg_temp.import_found')
}

/** A statement that may name $1, the VO, and $2, the time, or neither. */
function run<R extends Record<string, unknown>>(
  tx: Queryable,
  sql: string,
  { vo, now }: FindingsOptions,
): Promise<R[]> {
  const values = [`'${vo.replaceAll("'", "''")}'::text`, `to_timestamp(${Number(now)})`]
  return tx.query<R>(sql.replace(/\$([12])/g, (_, n: string) => values[Number(n) - 1]!))
}

/** Throws ImportError IMPORT_DECISION where something was found that was decided to fail. */
export function refuseFailures(findings: readonly ImportFinding[]): void {
  const failed = findings.filter(({ decided }) => decided === 'fail')
  if (failed.length === 0) return
  const list = failed.map(
    ({ kind, count, examples }) =>
      `${count} x ${kind} (${examples.slice(0, 3).join(', ')}${count > 3 ? ', ...' : ''})`,
  )
  throw new ImportError('IMPORT_DECISION', `found what was decided to fail: ${list.join('; ')}`)
}
