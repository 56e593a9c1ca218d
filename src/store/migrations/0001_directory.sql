-- The directory: who is a member of which VO, by which certificates, and what he holds there.
-- PostgreSQL 14 or later. Every name is qualified: nothing here depends on search_path.
-- One migration runs in one transaction; `vouchd migrate` writes its number into schema_version.

create schema if not exists vouchd;

create table vouchd.schema_version (
  version    integer primary key,
  name       text not null,
  applied_at timestamptz not null default now()
);
comment on table vouchd.schema_version is 'One row per applied migration; the highest version is the schema''s.';

-- Names are text without limit. Unique indexes over such text go through this digest, because a btree
-- entry may not pass 2704 octets. convert_to is only "stable" as the encoding of a database is fixed
-- when it is created, which makes this immutable.
create function vouchd.fingerprint(value text) returns bytea
  language sql immutable strict parallel safe
  as $$ select pg_catalog.sha256(pg_catalog.convert_to(value, 'UTF8')) $$;

-- Tables -----------------------------------------------------------------------------------------------

create table vouchd.vo (
  id                bigint generated always as identity primary key,
  name              text not null constraint vo_name_unique unique,
  description       text,
  -- Membership ends (member.ends_at) refuse only where this is true. Importers set it to false, because
  -- the servers that they replace do not look at that date.
  enforce_end_dates boolean not null default true,
  -- Whose rules choose the FQANs of a request that names none or a group.
  resolution        text not null default 'vomsd' constraint vo_resolution check (resolution in ('vomsd', 'iam')),
  -- Set where the VO is administered elsewhere and mirrored here: changes by command are then refused.
  followed_from     text,
  created_at        timestamptz not null default now(),
  constraint vo_name_shape check (name <> '' and octet_length(name) <= 2000 and name !~ '/')
);

-- The CAs that the VO administration knows. Certificates carry their issuer as text and do not refer here.
create table vouchd.ca (
  id          bigint generated always as identity primary key,
  subject     text not null,           -- as stored by the source, slash form
  subject_key text not null,           -- canonical key of the same name
  description text,
  created_at  timestamptz not null default now(),
  constraint ca_subject_shape check (subject <> '')
);
create unique index ca_subject_unique on vouchd.ca (vouchd.fingerprint(subject));
create index ca_subject_key on vouchd.ca using hash (subject_key);

create table vouchd.member (
  id               bigint generated always as identity primary key,
  vo_id            bigint not null references vouchd.vo on delete cascade,
  -- Identifier in the database that the member was imported from (VOMS Admin: userid; IAM: account UUID).
  source_id        text,
  -- Identifier in the organisation's own (human resources) database.
  external_id      text,
  username         text,
  given_name       text,
  surname          text,
  institution      text,
  address          text,
  phone            text,
  email            text,
  created_at       timestamptz not null default now(),
  ends_at          timestamptz,
  suspended        boolean not null default false,
  suspended_reason text,               -- told to the member
  suspended_code   text,               -- for programs: which kind of suspension
  suspended_at     timestamptz,
  -- What a source holds beyond these columns; kept, read by nothing.
  extra            jsonb not null default '{}',
  constraint member_in_vo unique (id, vo_id)
);
create unique index member_source_unique on vouchd.member (vo_id, source_id);
create index member_email on vouchd.member using hash (email);

create table vouchd.certificate (
  id               bigint generated always as identity primary key,
  vo_id            bigint not null,
  member_id        bigint not null,
  subject          text not null,      -- as stored by the source: slash form, any of the usual spellings
  subject_key      text not null,      -- canonical key of the subject
  issuer           text not null,      -- the issuing CA's subject, as stored by the source
  issuer_key       text not null,      -- canonical key of the issuer
  suspended        boolean not null default false,
  suspended_reason text,
  suspended_code   text,
  suspended_at     timestamptz,
  created_at       timestamptz not null default now(),
  extra            jsonb not null default '{}',
  constraint certificate_member foreign key (member_id, vo_id)
    references vouchd.member (id, vo_id) on delete cascade,
  constraint certificate_names check (subject <> '' and issuer <> '')
);
-- One certificate has one member in a VO, however its names are spelled. Two spellings of one member's
-- certificate in a source are one row here. vo_id stands last, so that no plan walks a whole VO to find one
-- subject, statistics or not.
create unique index certificate_unique on vouchd.certificate
  (vouchd.fingerprint(subject_key), vouchd.fingerprint(issuer_key), vo_id);
create index certificate_subject on vouchd.certificate using hash (subject);
create index certificate_subject_key on vouchd.certificate using hash (subject_key);
create index certificate_member_id on vouchd.certificate (member_id);

create table vouchd.vo_group (
  id          bigint generated always as identity primary key,
  vo_id       bigint not null references vouchd.vo on delete cascade,
  parent_id   bigint,                  -- set from the path; NULL for the VO's root group
  path        text not null,           -- '/vo', '/vo/group', '/vo/group/sub'
  -- Issued only when asked for by name.
  optional    boolean not null default false,
  description text,
  created_at  timestamptz not null default now(),
  extra       jsonb not null default '{}',
  constraint vo_group_in_vo unique (id, vo_id),
  constraint vo_group_path_unique unique (vo_id, path),
  constraint vo_group_parent foreign key (parent_id, vo_id)
    references vouchd.vo_group (id, vo_id) on delete cascade,
  -- An element called Role=... would read as a role in an FQAN. Other odd characters are let in, as real
  -- databases hold them; what may be issued is decided again at every request.
  constraint vo_group_path_shape check
    (octet_length(path) <= 2000 and path ~ '^(/[^/]+)+$' and path !~* '/(role|capability)=')
);
create index vo_group_parent_id on vouchd.vo_group (parent_id);

create table vouchd.role (
  id          bigint generated always as identity primary key,
  vo_id       bigint not null references vouchd.vo on delete cascade,
  name        text not null,
  description text,
  created_at  timestamptz not null default now(),
  extra       jsonb not null default '{}',
  constraint role_in_vo unique (id, vo_id),
  constraint role_name_unique unique (vo_id, name),
  constraint role_name_shape check (name <> '' and octet_length(name) <= 2000 and name !~ '/')
);

-- role_id NULL: plain membership of the group. A role may be held without plain membership.
create table vouchd.holding (
  id         bigint generated always as identity primary key,
  vo_id      bigint not null,
  member_id  bigint not null,
  group_id   bigint not null,
  role_id    bigint,
  ends_at    timestamptz,              -- always enforced, whatever the VO's setting for memberships
  created_at timestamptz not null default now(),
  extra      jsonb not null default '{}',
  constraint holding_member foreign key (member_id, vo_id)
    references vouchd.member (id, vo_id) on delete cascade,
  constraint holding_group foreign key (group_id, vo_id)
    references vouchd.vo_group (id, vo_id) on delete cascade,
  constraint holding_role foreign key (role_id, vo_id)
    references vouchd.role (id, vo_id) on delete cascade,
  constraint holding_role_unique unique (member_id, group_id, role_id)
);
-- NULLs are distinct to the constraint above, and NULLS NOT DISTINCT needs PostgreSQL 15.
create unique index holding_group_unique on vouchd.holding (member_id, group_id) where role_id is null;
create index holding_group_id on vouchd.holding (group_id);
create index holding_role_id on vouchd.holding (role_id);

create table vouchd.attribute_class (
  id            bigint generated always as identity primary key,
  vo_id         bigint not null references vouchd.vo on delete cascade,
  name          text not null,
  description   text,
  unique_values boolean not null default false,  -- two members should not have the same value; not enforced here
  created_at    timestamptz not null default now(),
  constraint attribute_class_in_vo unique (id, vo_id),
  constraint attribute_class_name_unique unique (vo_id, name),
  constraint attribute_class_name_shape check (name <> '' and octet_length(name) <= 2000)
);

create table vouchd.member_attribute (
  id        bigint generated always as identity primary key,
  vo_id     bigint not null,
  member_id bigint not null,
  class_id  bigint not null,
  value     text not null default '',
  constraint member_attribute_member foreign key (member_id, vo_id)
    references vouchd.member (id, vo_id) on delete cascade,
  constraint member_attribute_class foreign key (class_id, vo_id)
    references vouchd.attribute_class (id, vo_id) on delete cascade,
  constraint member_attribute_unique unique (member_id, class_id)
);
create index member_attribute_class_id on vouchd.member_attribute (class_id);

create table vouchd.group_attribute (
  id       bigint generated always as identity primary key,
  vo_id    bigint not null,
  group_id bigint not null,
  class_id bigint not null,
  value    text not null default '',
  constraint group_attribute_group foreign key (group_id, vo_id)
    references vouchd.vo_group (id, vo_id) on delete cascade,
  constraint group_attribute_class foreign key (class_id, vo_id)
    references vouchd.attribute_class (id, vo_id) on delete cascade,
  constraint group_attribute_unique unique (group_id, class_id)
);
create index group_attribute_class_id on vouchd.group_attribute (class_id);

create table vouchd.role_attribute (
  id       bigint generated always as identity primary key,
  vo_id    bigint not null,
  group_id bigint not null,
  role_id  bigint not null,
  class_id bigint not null,
  value    text not null default '',
  constraint role_attribute_group foreign key (group_id, vo_id)
    references vouchd.vo_group (id, vo_id) on delete cascade,
  constraint role_attribute_role foreign key (role_id, vo_id)
    references vouchd.role (id, vo_id) on delete cascade,
  constraint role_attribute_class foreign key (class_id, vo_id)
    references vouchd.attribute_class (id, vo_id) on delete cascade,
  constraint role_attribute_unique unique (group_id, role_id, class_id)
);
create index role_attribute_role_id on vouchd.role_attribute (role_id);
create index role_attribute_class_id on vouchd.role_attribute (class_id);

-- Rows of a source that have no table of their own here (AUPs, requests, ACLs, its audit): kept as they
-- were, so that an import loses nothing.
create table vouchd.imported_row (
  vo_id      bigint not null references vouchd.vo on delete cascade,
  source     text not null,            -- 'voms-admin', 'iam'
  table_name text not null,
  row_key    text not null,            -- the source's primary key, parts joined by '/'
  data       jsonb not null,
  primary key (vo_id, source, table_name, row_key)
);

-- A group lies in its VO's tree, under a parent that exists: the parent is found from the path. Insert
-- parents first; within one statement, in order of path.
create function vouchd.place_group() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  root text := '/' || (select name from vouchd.vo where id = new.vo_id);
begin
  if new.path = root then
    new.parent_id := null;
    return new;
  end if;
  if not starts_with(new.path, root || '/') then
    raise exception 'group % lies outside its VO, whose root group is %', new.path, root
      using errcode = 'check_violation', constraint = 'vo_group_within_vo';
  end if;
  select id into new.parent_id from vouchd.vo_group
    where vo_id = new.vo_id and path = regexp_replace(new.path, '/[^/]*$', '');
  if new.parent_id is null then
    raise exception 'group % has no parent group', new.path
      using errcode = 'foreign_key_violation', constraint = 'vo_group_parent';
  end if;
  return new;
end $$;

create trigger vo_group_place before insert or update of path, vo_id, parent_id on vouchd.vo_group
  for each row execute function vouchd.place_group();

-- Audit: every change of the tables above, in the transaction that makes it ------------------------------

-- Who: the setting vouchd.actor of the transaction, else the database role. Why: vouchd.reason.
create table vouchd.audit (
  id         bigint generated always as identity primary key,
  at         timestamptz not null default clock_timestamp(),
  actor      text not null,
  reason     text,
  action     text not null constraint audit_action check (action in ('insert', 'update', 'delete', 'truncate')),
  kind       text not null,            -- the table
  row_id     bigint,                   -- its id; NULL in a summary
  vo_id      bigint,
  member_id  bigint,
  before     jsonb,
  after      jsonb,
  rows_count bigint                    -- set in a summary: how many rows the statement changed
);
create index audit_at on vouchd.audit (at);
create index audit_member on vouchd.audit (member_id, id);

-- Argument: the column that names the member, or ''. With vouchd.audit = 'summary' in the transaction
-- (the first import of a large VO) a statement leaves one row with a count.
create function vouchd.audit_change() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who text := coalesce(nullif(current_setting('vouchd.actor', true), ''), session_user);
  why text := nullif(current_setting('vouchd.reason', true), '');
  vo_column text := case tg_table_name when 'vo' then 'id' else 'vo_id' end;
  changed text := case tg_op
    when 'INSERT' then 'select null::jsonb as o, to_jsonb(t) as n from changed_new t'
    when 'DELETE' then 'select to_jsonb(t) as o, null::jsonb as n from changed_old t'
    when 'UPDATE' then 'select to_jsonb(a) as o, to_jsonb(b) as n
                        from changed_old a full join changed_new b using (id)
                        where to_jsonb(a) is distinct from to_jsonb(b)'
    end;
begin
  if tg_op = 'TRUNCATE' then
    insert into vouchd.audit (actor, reason, action, kind) values (who, why, 'truncate', tg_table_name);
  elsif current_setting('vouchd.audit', true) = 'summary' then
    execute format(
      'insert into vouchd.audit (actor, reason, action, kind, rows_count)
       select $1, $2, $3, $4, count(*) from (%s) c having count(*) > 0', changed)
      using who, why, lower(tg_op), tg_table_name;
  else
    execute format(
      'insert into vouchd.audit (actor, reason, action, kind, row_id, vo_id, member_id, before, after)
       select $1, $2, $3, $4, (coalesce(n, o) ->> ''id'')::bigint, (coalesce(n, o) ->> $5)::bigint,
              (coalesce(n, o) ->> $6)::bigint, o, n
       from (%s) c', changed)
      using who, why, lower(tg_op), tg_table_name, vo_column, tg_argv[0];
  end if;
  return null;
end $$;

-- Freshness: what caches have to forget -----------------------------------------------------------------

-- A reader keeps the pg_current_snapshot() of its last look and takes the rows whose txid is not visible
-- in it: transactions that commit out of order or after hours are seen like any other. vo NULL: every VO;
-- member NULL: everyone in the VO. Rows are kept for at least an hour after they became visible, so a
-- reader that was away for longer forgets everything.
create table vouchd.change (
  id     bigint generated always as identity primary key,
  txid   xid8 not null default pg_current_xact_id(),
  vo     text,
  member bigint
);
create index change_txid on vouchd.change (txid);
create index change_txid_all on vouchd.change (txid) where member is null;
comment on table vouchd.change is 'What caches have to forget: vo NULL is every VO, member NULL everyone in it.';

-- Snapshots taken now and then: a row visible in one that is older than an hour has been visible for an hour.
create table vouchd.change_epoch (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default clock_timestamp(),
  snapshot pg_snapshot not null default pg_current_snapshot()
);

-- Runs within writers' transactions, because readers have no right to write: rarely, never waiting, and
-- only under READ COMMITTED, where meeting another's deletion is no error.
create function vouchd.prune_changes() returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  horizon pg_snapshot;
begin
  if current_setting('transaction_isolation') <> 'read committed'
     or exists (select from vouchd.change_epoch where at > clock_timestamp() - interval '10 minutes')
     or not pg_try_advisory_xact_lock(hashtextextended('vouchd.prune_changes', 0)) then
    return;
  end if;
  insert into vouchd.change_epoch default values;
  select snapshot into horizon from vouchd.change_epoch
    where at < clock_timestamp() - interval '1 hour' order by id desc limit 1;
  if found then
    delete from vouchd.change
      where txid < pg_snapshot_xmax(horizon) and pg_visible_in_snapshot(txid, horizon);
    delete from vouchd.change_epoch where at < clock_timestamp() - interval '2 hours';
  end if;
end $$;

-- Adds to a transaction's changes what is not there yet; beyond 1000 members of it, "everyone".
create function vouchd.note_changes(vos bigint[], members bigint[]) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  mine xid8 := pg_current_xact_id();
begin
  if exists (select from vouchd.change where txid = mine and vo is null and member is null) then
    return;
  end if;
  if cardinality(vos) > 1000
     or (select count(*) from (select from vouchd.change where txid = mine limit 1000) c) >= 1000 then
    insert into vouchd.change (vo, member) values (null, null);
  else
    insert into vouchd.change (vo, member)
      select distinct v.name, case when v.name is null then null else c.member end
      from unnest(vos, members) as c (vo, member)
      left join vouchd.vo v on v.id = c.vo
      where not exists (select from vouchd.change k
                        where k.txid = mine and k.member is null and k.vo = v.name);
  end if;
  perform pg_notify('vouchd_change', '');
  perform vouchd.prune_changes();
end $$;

-- Argument: the column that names the member, '' when the change concerns everyone in the VO, or
-- 'everything'.
create function vouchd.note_change() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  rows_of text := case tg_op when 'INSERT' then 'table changed_new' when 'DELETE' then 'table changed_old'
                  when 'UPDATE' then '(table changed_old except all table changed_new) union all
                                      (table changed_new except all table changed_old)' end;
  vos bigint[];
  members bigint[];
begin
  if tg_op = 'TRUNCATE' or tg_argv[0] = 'everything' then
    vos := array[null::bigint];
    members := array[null::bigint];
  else
    -- 1001 are enough to know that they are too many.
    execute format(
      'select array_agg(vo_id), array_agg(member) from
         (select distinct vo_id, %s as member from (%s) r limit 1001) d',
      case when tg_argv[0] = '' then 'null::bigint' else quote_ident(tg_argv[0]) end, rows_of)
      into vos, members;
  end if;
  if cardinality(vos) > 0 then
    perform vouchd.note_changes(vos, members);
  end if;
  return null;
end $$;

-- One trigger per event, as transition tables demand. A new group, role, attribute class or CA changes
-- nothing for any member yet, so inserting one is audited but not noted.
do $$
declare
  t record;
  event text;
  tables text;
begin
  for t in select * from (values
    ('vo',               'everything', '',          true),
    ('ca',               null,         '',          false),
    ('member',           'id',         'id',        true),
    ('certificate',      'member_id',  'member_id', true),
    ('vo_group',         '',           '',          false),
    ('role',             '',           '',          false),
    ('holding',          'member_id',  'member_id', true),
    ('attribute_class',  '',           '',          false),
    ('member_attribute', 'member_id',  'member_id', true),
    ('group_attribute',  '',           '',          true),
    ('role_attribute',   '',           '',          true)
  ) as v (name, note, audit, note_insert)
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
      continue when t.note is null or (event = 'insert' and not t.note_insert);
      execute format('create trigger note_%s after %s on vouchd.%I %s
                      for each statement execute function vouchd.note_change(%L)',
                     event, event, t.name, tables, t.note);
    end loop;
  end loop;
end $$;

-- The two public views ----------------------------------------------------------------------------------

-- Where certificate and member are both suspended, the certificate's own reason is told, as vomsd tells it.
create view vouchd.holdings as
  select v.name as vo, c.subject, c.issuer, m.id as member,
         c.suspended or m.suspended as suspended,
         coalesce(case when c.suspended then c.suspended_reason end,
                  case when m.suspended then m.suspended_reason end) as reason,
         case when v.enforce_end_dates then m.ends_at end as ends_at,
         null::text as fqgroup, null::text as role, false as optional
  from vouchd.certificate c
  join vouchd.member m on m.id = c.member_id
  join vouchd.vo v on v.id = c.vo_id
  union all
  select v.name, c.subject, c.issuer, m.id,
         c.suspended or m.suspended,
         coalesce(case when c.suspended then c.suspended_reason end,
                  case when m.suspended then m.suspended_reason end),
         least(h.ends_at, case when v.enforce_end_dates then m.ends_at end),
         g.path, r.name, g.optional
  from vouchd.certificate c
  join vouchd.member m on m.id = c.member_id
  join vouchd.vo v on v.id = c.vo_id
  join vouchd.holding h on h.member_id = m.id
  join vouchd.vo_group g on g.id = h.group_id
  left join vouchd.role r on r.id = h.role_id;

comment on view vouchd.holdings is
  'Public. One row per certificate and holding, and one with fqgroup NULL per certificate always.';
comment on column vouchd.holdings.vo is 'Name of the VO.';
comment on column vouchd.holdings.subject is 'Subject of the certificate in slash form, any usual spelling.';
comment on column vouchd.holdings.issuer is 'Subject of the issuing CA in slash form, any usual spelling.';
comment on column vouchd.holdings.member is 'Identifier of the member, of any type with a text form.';
comment on column vouchd.holdings.suspended is 'The certificate or the member is suspended.';
comment on column vouchd.holdings.reason is 'Why, as told to the member; may be NULL.';
comment on column vouchd.holdings.ends_at is
  'The earlier of the holding''s end and the membership''s end; NULL: none. With fqgroup NULL: the membership''s end. A membership end that is not enforced is NULL.';
comment on column vouchd.holdings.fqgroup is 'Full path of the group, /vo/...; NULL in the row that stands for the certificate itself.';
comment on column vouchd.holdings.role is 'Role in that group; NULL: plain membership.';
comment on column vouchd.holdings.optional is 'The group is issued only when it is asked for by name.';

create view vouchd.attributes as
  select v.name as vo, 'member'::text as scope, a.member_id as member, null::text as fqgroup,
         null::text as role, k.name, a.value
  from vouchd.member_attribute a
  join vouchd.attribute_class k on k.id = a.class_id
  join vouchd.vo v on v.id = a.vo_id
  union all
  select v.name, 'group', null, g.path, null, k.name, a.value
  from vouchd.group_attribute a
  join vouchd.vo_group g on g.id = a.group_id
  join vouchd.attribute_class k on k.id = a.class_id
  join vouchd.vo v on v.id = a.vo_id
  union all
  select v.name, 'role', null, g.path, r.name, k.name, a.value
  from vouchd.role_attribute a
  join vouchd.vo_group g on g.id = a.group_id
  join vouchd.role r on r.id = a.role_id
  join vouchd.attribute_class k on k.id = a.class_id
  join vouchd.vo v on v.id = a.vo_id;

comment on view vouchd.attributes is 'Public. Generic attributes of members, of groups, and of roles in groups.';
comment on column vouchd.attributes.vo is 'Name of the VO.';
comment on column vouchd.attributes.scope is 'member, group or role.';
comment on column vouchd.attributes.member is 'Set for scope member: as in holdings.';
comment on column vouchd.attributes.fqgroup is 'Set for scopes group and role: full path.';
comment on column vouchd.attributes.role is 'Set for scope role.';
comment on column vouchd.attributes.name is 'Name of the attribute.';
comment on column vouchd.attributes.value is 'Its value.';
