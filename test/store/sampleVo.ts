import type { Queryable } from '../../src/store/database.ts'

/** SQL lists of the sample, so that a test can add to it. */
const SAMPLE = `
insert into vouchd.vo (name, enforce_end_dates) values ('vo.0', false);
insert into vouchd.ca (subject, subject_key) values ('/C=IT/O=Test/CN=CA', '/c=it/o=test/cn=ca');
insert into vouchd.vo_group (vo_id, path, optional)
  select id, path, path = '/vo.0/optional' from vouchd.vo,
    unnest(array['/vo.0', '/vo.0/G1', '/vo.0/G2', '/vo.0/G2/G3', '/vo.0/optional', '/vo.0/(odd) näme']) with ordinality as g (path, n)
  where name = 'vo.0' order by n;
insert into vouchd.role (vo_id, name)
  select id, role from vouchd.vo, unnest(array['R1', 'R2', 'VO-Admin']) as r (role) where name = 'vo.0';
insert into vouchd.member (vo_id, source_id, given_name, surname, email, external_id, ends_at, suspended, suspended_reason)
  select v.id, m.* from vouchd.vo v, (values
    ('0', 'Zero', 'Test', 'test0@vo.example', 'hr-0', timestamptz '2023-01-01 00:00Z', false, null),
    ('1', 'One', 'Test', 'test1@vo.example', null, null, false, null),
    ('2', 'Two', 'Test', 'test2@vo.example', null, null, true, 'left the experiment'),
    ('3', 'Three', 'Test', 'test3@vo.example', null, null, false, null)
  ) as m where v.name = 'vo.0' order by m.column1;
insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key, suspended, suspended_reason)
  select m.vo_id, m.id, c.subject, lower(c.subject), '/C=IT/O=Test/CN=CA', '/c=it/o=test/cn=ca', c.suspended, c.reason
  from (values
    ('0', '/C=IT/O=Test/CN=test0', false, null),
    ('0', '/C=IT/O=Test/CN=test0 old', true, 'key lost'),
    ('1', '/C=IT/O=Test/CN=test1', false, null),
    ('2', '/C=IT/O=Test/CN=test2', false, null),
    ('3', '/C=IT/O=Test/CN=(Parenthesis)', false, null)
  ) as c (source_id, subject, suspended, reason)
  join vouchd.member m using (source_id) order by c.subject collate "C";
insert into vouchd.holding (vo_id, member_id, group_id, role_id, ends_at)
  select m.vo_id, m.id, g.id, r.id, h.ends_at
  from (values
    ('0', '/vo.0', null, null), ('0', '/vo.0/G1', null, null), ('0', '/vo.0/G1', 'R1', null),
    ('0', '/vo.0/G2', null, timestamptz '2030-01-01 00:00Z'), ('0', '/vo.0/optional', null, null),
    ('1', '/vo.0', null, null), ('2', '/vo.0', null, null)
  ) as h (source_id, path, role, ends_at)
  join vouchd.member m using (source_id)
  join vouchd.vo_group g on g.path = h.path and g.vo_id = m.vo_id
  left join vouchd.role r on r.name = h.role and r.vo_id = m.vo_id;
insert into vouchd.attribute_class (vo_id, name)
  select id, name2 from vouchd.vo, unnest(array['nickname', 'quota']) as a (name2) where name = 'vo.0';
insert into vouchd.member_attribute (vo_id, member_id, class_id, value)
  select m.vo_id, m.id, k.id, 'zero' from vouchd.member m join vouchd.attribute_class k on k.name = 'nickname' where m.source_id = '0';
insert into vouchd.group_attribute (vo_id, group_id, class_id, value)
  select g.vo_id, g.id, k.id, '10' from vouchd.vo_group g join vouchd.attribute_class k on k.name = 'quota' where g.path in ('/vo.0/G1', '/vo.0/G2/G3');
insert into vouchd.role_attribute (vo_id, group_id, role_id, class_id, value)
  select g.vo_id, g.id, r.id, k.id, '20' from vouchd.vo_group g join vouchd.role r on r.name = 'R1'
  join vouchd.attribute_class k on k.name = 'quota' where g.path = '/vo.0/G1';
`

/** Members of `vo.0`: test0 (holdings, attributes, an old certificate), test1, test2 (suspended), (Parenthesis) without holdings. */
export async function fillSampleVo(db: Queryable): Promise<void> {
  await db.query(SAMPLE)
}
