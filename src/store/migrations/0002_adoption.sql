-- What other servers' administration holds beyond what an AC needs: acceptable use policies, access control
-- lists, requests; and what a follower knows of its source. The views learn whose rules resolve a VO's requests
-- and whether the member has signed its policy.

create table vouchd.aup (
  id            bigint generated always as identity primary key,
  vo_id         bigint not null references vouchd.vo on delete cascade,
  source_id     text,
  name          text not null,
  description   text,
  -- How long a signature is good; 0: for ever.
  validity_days integer not null default 0 constraint aup_validity check (validity_days >= 0),
  created_at    timestamptz not null default now(),
  extra         jsonb not null default '{}',
  constraint aup_in_vo unique (id, vo_id),
  constraint aup_name_unique unique (vo_id, name)
);

create table vouchd.aup_version (
  id             bigint generated always as identity primary key,
  vo_id          bigint not null,
  aup_id         bigint not null,
  source_id      text,
  version        text not null,
  url            text,
  body           text,
  -- The version that is to be signed; the latest one where several are active.
  active         boolean not null default false,
  -- Signatures up to this moment do not count: everybody was asked to sign again.
  effective_from timestamptz,
  created_at     timestamptz not null default now(),
  extra          jsonb not null default '{}',
  constraint aup_version_in_vo unique (id, vo_id),
  constraint aup_version_unique unique (aup_id, version),
  constraint aup_version_aup foreign key (aup_id, vo_id) references vouchd.aup (id, vo_id) on delete cascade
);

create table vouchd.aup_signature (
  id         bigint generated always as identity primary key,
  vo_id      bigint not null,
  member_id  bigint not null,
  version_id bigint not null,
  source_id  text,
  signed_at  timestamptz not null,
  -- Taken back by an administrator where false.
  valid      boolean not null default true,
  extra      jsonb not null default '{}',
  constraint aup_signature_unique unique (member_id, version_id),
  constraint aup_signature_member foreign key (member_id, vo_id)
    references vouchd.member (id, vo_id) on delete cascade,
  constraint aup_signature_version foreign key (version_id, vo_id)
    references vouchd.aup_version (id, vo_id) on delete cascade
);
create index aup_signature_version_id on vouchd.aup_signature (version_id);

-- Who may administer what. The principal is what the source has: a certificate's subject, an FQAN, or a name
-- such as "any authenticated user".
create table vouchd.acl (
  id               bigint generated always as identity primary key,
  vo_id            bigint not null,
  source_id        text,
  group_id         bigint not null,
  role_id          bigint,
  -- For groups that will be made below this one.
  is_default       boolean not null default false,
  principal        text not null,
  principal_issuer text,
  -- Bits as VOMS Admin numbers them; NULL where the source has none.
  permissions      bigint,
  -- As INDIGO IAM names it; NULL where the source has none.
  authority        text,
  extra            jsonb not null default '{}',
  constraint acl_source_unique unique (vo_id, source_id),
  constraint acl_group foreign key (group_id, vo_id) references vouchd.vo_group (id, vo_id) on delete cascade,
  constraint acl_role foreign key (role_id, vo_id) references vouchd.role (id, vo_id) on delete cascade
);
create index acl_group_id on vouchd.acl (group_id);
create index acl_role_id on vouchd.acl (role_id);

-- What somebody asked the administrators for. Groups and roles by name: they may be gone.
create table vouchd.request (
  id           bigint generated always as identity primary key,
  vo_id        bigint not null references vouchd.vo on delete cascade,
  source_id    text,
  kind         text not null constraint request_kind check (kind in
                 ('membership', 'group', 'role', 'certificate', 'removal')),
  status       text not null,
  -- Personal data that the requester gave.
  requester    jsonb not null default '{}',
  subject      text,
  issuer       text,
  fqgroup      text,
  role         text,
  reason       text,
  decided_by   text,
  created_at   timestamptz,
  expires_at   timestamptz,
  completed_at timestamptz,
  extra        jsonb not null default '{}',
  constraint request_source_unique unique (vo_id, source_id)
);

-- Which state of its source a followed VO was last brought to, in the follower's own terms.
create table vouchd.follow_state (
  vo_id  bigint primary key references vouchd.vo on delete cascade,
  source text not null,
  state  jsonb not null,
  at     timestamptz not null default clock_timestamp()
);

-- Audit and freshness, as for the tables of the first migration.
do $$
declare
  t record;
  event text;
  tables text;
begin
  for t in select * from (values
    ('aup',           '',          ''),
    ('aup_version',   '',          ''),
    ('aup_signature', 'member_id', 'member_id'),
    ('acl',           null,        ''),
    ('request',       null,        '')
  ) as v (name, note, audit)
  loop
    foreach event in array array['insert', 'update', 'delete', 'truncate'] loop
      tables := case event
        when 'insert' then 'referencing new table as changed_new'
        when 'update' then 'referencing old table as changed_old new table as changed_new'
        when 'delete' then 'referencing old table as changed_old'
        else '' end;
      execute format('create trigger audit_%s after %s on vouchd.%I %s
                      for each statement execute function vouchd.audit_change(%L)',
                     event, event, t.name, tables, t.audit);
      continue when t.note is null;
      execute format('create trigger note_%s after %s on vouchd.%I %s
                      for each statement execute function vouchd.note_change(%L)',
                     event, event, t.name, tables, t.note);
    end loop;
  end loop;
end $$;

-- What the source's own audit recorded, out of the rows that were kept.
create view vouchd.imported_audit as
  select r.vo_id, r.source, r.row_key as event_id, r.data ->> 'event_timestamp' as at,
         r.data ->> 'principal' as actor, r.data ->> 'event_type' as event,
         (select jsonb_object_agg(d.data ->> 'name', d.data ->> 'value')
          from vouchd.imported_row d
          where d.vo_id = r.vo_id and d.source = r.source and d.table_name = 'audit_event_data'
            and d.row_key >= r.row_key || '/' and d.row_key < r.row_key || '0') as details
  from vouchd.imported_row r
  where r.table_name = 'audit_event';

-- Until when a member's signature of his VO's policy is good. NULL: there is none to sign, or it is good for
-- ever; -infinity: it was never signed, or has to be signed again. INDIGO IAM's rule: a signature counts when
-- it was made after the policy's last change. Whoever reads the view need not read the policies.
create function vouchd.aup_until(of_vo bigint, of_member bigint) returns timestamptz
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select case
             when s.signed_at is null or s.signed_at <= v.effective_from then timestamptz '-infinity'
             when a.validity_days > 0 then s.signed_at + a.validity_days * interval '1 day'
           end
    from vouchd.aup a
    join lateral (select id, effective_from from vouchd.aup_version
                  where aup_id = a.id and active order by created_at desc, id desc limit 1) v on true
    left join vouchd.aup_signature s on s.version_id = v.id and s.member_id = of_member and s.valid
    where a.vo_id = of_vo
    -- The first to lapse decides where a VO has several.
    order by 1 asc nulls last limit 1
  $$;

create or replace view vouchd.holdings as
  select v.name as vo, c.subject, c.issuer, m.id as member,
         c.suspended or m.suspended as suspended,
         coalesce(case when c.suspended then c.suspended_reason end,
                  case when m.suspended then m.suspended_reason end) as reason,
         case when v.enforce_end_dates then m.ends_at end as ends_at,
         null::text as fqgroup, null::text as role, false as optional,
         v.resolution,
         coalesce(m.username, nullif(concat_ws(' ', m.given_name, m.surname), '')) as name,
         case when v.resolution = 'iam' then vouchd.aup_until(v.id, m.id) end as aup_until
  from vouchd.certificate c
  join vouchd.member m on m.id = c.member_id
  join vouchd.vo v on v.id = c.vo_id
  union all
  select v.name, c.subject, c.issuer, m.id,
         c.suspended or m.suspended,
         coalesce(case when c.suspended then c.suspended_reason end,
                  case when m.suspended then m.suspended_reason end),
         least(h.ends_at, case when v.enforce_end_dates then m.ends_at end),
         g.path, r.name, g.optional,
         v.resolution, null, null
  from vouchd.certificate c
  join vouchd.member m on m.id = c.member_id
  join vouchd.vo v on v.id = c.vo_id
  join vouchd.holding h on h.member_id = m.id
  join vouchd.vo_group g on g.id = h.group_id
  left join vouchd.role r on r.id = h.role_id;

comment on column vouchd.holdings.resolution is
  'Whose rules resolve requests: vomsd or iam. May be absent from another view: vomsd.';
comment on column vouchd.holdings.name is
  'What the member is called in a message to him; only with fqgroup NULL. May be absent from another view.';
comment on column vouchd.holdings.aup_until is
  'Until when the signature of the acceptable use policy is good; -infinity: not signed; NULL: no end, or nothing to sign. Only with fqgroup NULL, judged only where resolution is iam. May be absent from another view.';
