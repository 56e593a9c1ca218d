import type { Queryable } from '../store/database.ts'

export type FindingKind = (typeof FINDINGS)[number]['kind']

/** Something in the source that its administrators should know of. */
export interface ImportFinding {
  readonly kind: FindingKind
  /** info: imported as it is. decision: what was done here is one of several ways. */
  readonly severity: 'info' | 'decision'
  /** What it is, and what the import does with it. */
  readonly meaning: string
  readonly count: number
  /** Who or what, the first ones of them. */
  readonly examples: readonly string[]
}

const MAX_EXAMPLES = 100

// Each query gives one text a row, over the staged model (pg_temp.import_...), before it is merged. $1 is the
// VO's name, $2 the time as timestamptz. import_final_certificate is what is left of the certificates.
const FINDINGS = [
  {
    kind: 'suspended-certificate',
    severity: 'info',
    meaning: 'The certificate is suspended; it is refused with its reason, as before.',
    sql: `select subject || ': ' || coalesce(suspended_reason, 'Reason unknown')
          from pg_temp.import_certificate where suspended`,
  },
  {
    kind: 'suspended-member',
    severity: 'info',
    meaning:
      'The member is suspended: refused with every certificate, unless suspendedMembers is "certificates".',
    sql: `select coalesce(u.subject, u.email, u.id) || ': ' || coalesce(u.suspended_reason, 'Reason unknown')
          from pg_temp.import_usr u where u.suspended`,
  },
  {
    kind: 'suspended-member-active-certificate',
    severity: 'decision',
    meaning:
      'The member is suspended, but not this certificate: the VOMS server looks at the certificate alone. ' +
      'It is refused from now on, unless suspendedMembers is "certificates".',
    sql: `select c.subject from pg_temp.import_certificate c join pg_temp.import_usr u on u.id = c.usr_id
          where u.suspended and not c.suspended`,
  },
  {
    kind: 'membership-ended',
    severity: 'info',
    meaning: 'The end of the membership is past. It is kept but not enforced, as the VOMS server does.',
    sql: `select coalesce(subject, email, id) || ': ' || to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD')
          from pg_temp.import_usr where ends_at < $2`,
  },
  {
    kind: 'member-outside-root',
    severity: 'decision',
    meaning:
      "The member holds nothing in the VO's own group. Imported as it is; requests for plain membership are refused.",
    sql: `select coalesce(u.subject, u.email, u.id) from pg_temp.import_usr u where not exists (
            select from pg_temp.import_holding h join pg_temp.import_vo_group g on g.id = h.group_id
            where h.usr_id = u.id and g.path = '/' || $1)`,
  },
  {
    kind: 'member-without-certificate',
    severity: 'info',
    meaning: 'The member has no certificate, so nobody can be recognised as this member.',
    sql: `select coalesce(u.subject, u.email, u.id) from pg_temp.import_usr u
          where not exists (select from pg_temp.import_certificate c where c.usr_id = u.id)`,
  },
  {
    kind: 'duplicate-email',
    severity: 'decision',
    meaning: 'Several members share one e-mail address. Imported as they are.',
    sql: `select email || ': ' || count(*) || ' members' from pg_temp.import_usr
          where email <> '' group by email having count(*) > 1`,
  },
  {
    kind: 'unconvertible-dn',
    severity: 'decision',
    meaning: 'The subject is no DN in slash form. Imported as it is; no certificate will match it.',
    sql: `select subject from pg_temp.import_certificate where subject_key not like '/%'`,
  },
  {
    kind: 'subject-of-two-issuers',
    severity: 'decision',
    meaning:
      'One subject comes from several CAs. Where subjects alone are matched, it is refused as ambiguous if the members differ.',
    sql: `select min(subject) || ': ' || count(*) || ' certificates' from pg_temp.import_final_certificate
          group by subject_key having count(*) > 1`,
  },
  {
    kind: 'certificate-spelled-twice',
    severity: 'decision',
    meaning:
      'Several rows of one member are one certificate in different spellings. One is kept, suspended if any was.',
    sql: `select min(subject) || ': ' || count(*) || ' rows' from pg_temp.import_known_certificate
          group by subject_key, issuer_key having count(*) > 1 and count(distinct usr_id) = 1`,
  },
  {
    kind: 'certificate-of-two-members',
    severity: 'decision',
    meaning:
      'One certificate, in different spellings, belongs to several members. It is left out: nobody could tell whose it is.',
    sql: `select min(subject) || ': ' || count(distinct usr_id) || ' members' from pg_temp.import_known_certificate
          group by subject_key, issuer_key having count(distinct usr_id) > 1`,
  },
  {
    kind: 'certificate-of-local-member',
    severity: 'decision',
    meaning: 'The certificate belongs to a member who was not imported. It is left with that member.',
    sql: `select k.subject from pg_temp.import_known_certificate k
          join vouchd.vo v on v.name = $1
          join vouchd.certificate c on c.vo_id = v.id
            and vouchd.fingerprint(c.subject_key) = vouchd.fingerprint(k.subject_key)
            and vouchd.fingerprint(c.issuer_key) = vouchd.fingerprint(k.issuer_key)
          join vouchd.member m on m.id = c.member_id where not m.extra ? 'vomsAdmin'`,
  },
  {
    kind: 'unknown-ca',
    severity: 'decision',
    meaning:
      'The CA or the member of the certificate is not in the database. The certificate is left out, as the VOMS server cannot find it.',
    sql: `select c.subject from pg_temp.import_certificate c
          where not exists (select from pg_temp.import_ca a where a.id = c.ca_id)
             or not exists (select from pg_temp.import_usr u where u.id = c.usr_id)`,
  },
  {
    kind: 'holding-of-nothing',
    severity: 'decision',
    meaning: 'A membership refers to a member, group or role that does not exist. It is left out.',
    sql: `select 'member ' || h.usr_id || ', group ' || h.group_id || coalesce(', role ' || h.role_id, '')
          from pg_temp.import_holding h
          where not exists (select from pg_temp.import_usr u where u.id = h.usr_id)
             or not exists (select from pg_temp.import_vo_group g where g.id = h.group_id)
             or h.role_id is not null and not exists (select from pg_temp.import_role r where r.id = h.role_id)`,
  },
  {
    kind: 'group-left-out',
    severity: 'decision',
    meaning:
      "The group lies outside the VO's tree, or its path would not read as one. It is left out: it may never be issued.",
    sql: `select path from pg_temp.import_vo_group where not usable`,
  },
  {
    kind: 'group-added',
    severity: 'decision',
    meaning: 'A group above an existing one was missing. It is added, without members.',
    sql: `select path from pg_temp.import_vo_group where id is null`,
  },
  {
    kind: 'role-left-out',
    severity: 'decision',
    meaning: 'The role has an empty name, or one with a slash. It is left out.',
    sql: `select '"' || name || '"' from pg_temp.import_role where not usable`,
  },
  {
    kind: 'name-characters',
    severity: 'decision',
    meaning:
      'The name has characters outside A-Z a-z 0-9 . _ -. Imported as it is; it cannot be asked for by name.',
    sql: `select path from pg_temp.import_vo_group where usable and path !~ '^[A-Za-z0-9._/-]+$'
          union all select name from pg_temp.import_role where usable and name !~ '^[A-Za-z0-9._-]+$'`,
  },
  {
    kind: 'path-too-long',
    severity: 'info',
    meaning: 'The path has more than 255 characters. Imported whole.',
    sql: `select path from pg_temp.import_vo_group where length(path) > 255`,
  },
  {
    kind: 'role-named-as-group',
    severity: 'info',
    meaning:
      'A role has the name of a group below the group in which it is held; servers that model roles as groups cannot tell them apart.',
    sql: `select distinct g.path || ' and role ' || r.name from pg_temp.import_holding h
          join pg_temp.import_role r on r.id = h.role_id
          join pg_temp.import_vo_group p on p.id = h.group_id
          join pg_temp.import_vo_group g on g.path = p.path || '/' || r.name`,
  },
] as const satisfies readonly {
  readonly kind: string
  readonly severity: ImportFinding['severity']
  readonly meaning: string
  readonly sql: string
}[]

/** Everything in the staged model that needs a look or a decision, with the first hundred of each kind. */
export async function findFindings(tx: Queryable, vo: string, now: number): Promise<ImportFinding[]> {
  const findings: ImportFinding[] = []
  for (const { kind, severity, meaning, sql } of FINDINGS) {
    const rows = await tx.query<{ what: string; total: string }>(
      `with asked as (select $1::text as vo, $2::timestamptz as at),
            found (what) as (${sql.replaceAll('$1', '(select vo from asked)').replaceAll('$2', '(select at from asked)')})
       select what, count(*) over () as total from found order by what collate "C" limit ${MAX_EXAMPLES}`,
      [vo, new Date(now * 1000)],
    )
    const [first] = rows
    if (first === undefined) continue
    findings.push({
      kind,
      severity,
      meaning,
      count: Number(first.total),
      examples: rows.map(({ what }) => what),
    })
  }
  return findings
}
