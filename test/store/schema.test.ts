import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { loadMigrations, migrate, schemaProblem, schemaState } from '../../src/store/migrate.ts'
import { createPostgres } from '../../src/store/postgres.ts'
import { openBlankDatabase } from './blankDatabase.ts'
import { findPostgres, type PostgresCluster, startPostgres } from './postgresCluster.ts'
import { fillSampleVo } from './sampleVo.ts'

const found = findPostgres()
const skip = 'skip' in found ? found.skip : undefined
let cluster: PostgresCluster | undefined
beforeAll(async () => {
  if (skip === undefined) cluster = await startPostgres()
})
afterAll(() => cluster?.dispose())

describe.each([
  ['PGlite', undefined, openBlankDatabase],
  ['PostgreSQL', skip, async () => createPostgres(cluster!.createDatabase(), { role: 'owner' })],
] as const)('the schema on %s (skipped: %s)', (_name, skipped, openDatabase) => {
  describe.skipIf(skipped !== undefined)('', () => {
    let db: Database
    beforeAll(async () => {
      db = await openDatabase()
      await migrate(db)
      await fillSampleVo(db)
    })
    afterAll(() => db?.close())
    beforeEach(async () => {
      await db.query('delete from vouchd.change; delete from vouchd.audit')
    })

    const changes = async () =>
      (await db.query('select vo, member from vouchd.change order by id')).map(({ vo, member }) => [
        vo,
        member,
      ])
    const memberId = async (sourceId: string) => {
      const [row] = await db.query<{ id: string }>('select id from vouchd.member where source_id = $1', [
        sourceId,
      ])
      return row!.id
    }

    describe('changes', () => {
      it('name the member whom a statement changed', async () => {
        const id = await memberId('0')
        await db.query(`update vouchd.member set suspended = true where source_id = '0'`)
        await db.query(`update vouchd.member set suspended = false where source_id = '0'`)
        expect(await changes()).toEqual([
          ['vo.0', id],
          ['vo.0', id],
        ])
      })

      it('name both members when a certificate changes hands', async () => {
        const [from, to] = [await memberId('0'), await memberId('1')]
        await db.query(
          `update vouchd.certificate set member_id = $1 where subject = '/C=IT/O=Test/CN=test0 old'`,
          [to],
        )
        expect((await changes()).map(([, member]) => member).sort()).toEqual([from, to].sort())
      })

      it.each([
        ['nothing', `update vouchd.member set suspended = suspended`],
        ['nothing', `delete from vouchd.holding where id < 0`],
        ['nothing', `insert into vouchd.role (vo_id, name) select id, 'New' from vouchd.vo`],
      ])('are %s for %s', async (_none, sql) => {
        await db.query(sql)
        expect(await changes()).toEqual([])
      })

      it.each([
        ['a group', `update vouchd.vo_group set optional = not optional where path = '/vo.0/G2'`, 'vo.0'],
        ['a group attribute', `update vouchd.group_attribute set value = 'new'`, 'vo.0'],
        ['the VO itself', `update vouchd.vo set enforce_end_dates = true`, null],
        ['a truncation', `truncate vouchd.role_attribute`, null],
      ])('concern everyone for %s', async (_name, sql, vo) => {
        await db.query(sql)
        expect(await changes()).toEqual([[vo, null]])
      })

      it('of more than 1000 members, in one statement or many, are one row', async () => {
        const insert = `insert into vouchd.member (vo_id, surname) select v.id, 'bulk' from vouchd.vo v, generate_series(1, $1::int)`
        await db.query(insert, [1001])
        expect(await changes()).toEqual([[null, null]])
        await db.query('delete from vouchd.change')
        await db.transaction(async tx => {
          for (let n = 0; n < 12; n++) await tx.query(insert, [100])
        })
        const noted = await changes()
        expect(noted.length).toBeLessThanOrEqual(1001)
        expect(noted.at(-1)).toEqual([null, null])
        await db.query(`delete from vouchd.member where surname = 'bulk'`)
      })

      it('are removed only when they have been visible for an hour', async () => {
        await db.query(`update vouchd.member set phone = '1' where source_id = '0'`)
        await db.query(`delete from vouchd.change_epoch`)
        await db.query(
          `insert into vouchd.change_epoch (at, snapshot) values (clock_timestamp() - interval '61 minutes', pg_current_snapshot())`,
        )
        await db.query(`update vouchd.member set phone = '2' where source_id = '1'`)
        expect(await changes()).toEqual([['vo.0', await memberId('1')]])
        await db.query(
          `update vouchd.change_epoch set at = at - interval '11 minutes' where at > clock_timestamp() - interval '10 minutes'`,
        )
        await db.query(`update vouchd.member set phone = '3' where source_id = '1'`)
        expect(await changes()).toHaveLength(2)
      })
    })

    describe('the audit', () => {
      it('says who changed what, from what, to what, and why, in the same transaction', async () => {
        const id = await memberId('1')
        await db.transaction(async tx => {
          await tx.query(
            `select set_config('vouchd.actor', 'cli:root', true), set_config('vouchd.reason', 'HR', true)`,
          )
          await tx.query(`update vouchd.member set surname = 'Changed' where source_id = '1'`)
        })
        const thrown = new Error('undone')
        await db
          .transaction(async tx => {
            await tx.query(`delete from vouchd.member where source_id = '1'`)
            throw thrown
          })
          .catch(() => {})
        const rows = await db.query(
          `select actor, reason, action, kind, row_id, member_id, before ->> 'surname' as before, after ->> 'surname' as after from vouchd.audit`,
        )
        expect(rows).toEqual([
          {
            actor: 'cli:root',
            reason: 'HR',
            action: 'update',
            kind: 'member',
            row_id: id,
            member_id: id,
            before: 'Test',
            after: 'Changed',
          },
        ])
      })

      it('names the database role when nobody says who it is', async () => {
        await db.query(`insert into vouchd.ca (subject, subject_key) values ('/CN=new', '/cn=new')`)
        const [row] = await db.query(
          'select actor = session_user as role, action, kind, vo_id, before, after ->> $1 as subject from vouchd.audit',
          ['subject'],
        )
        expect(row).toEqual({
          role: true,
          action: 'insert',
          kind: 'ca',
          vo_id: null,
          before: null,
          subject: '/CN=new',
        })
      })

      it('counts instead, where a first import asks for it', async () => {
        await db.transaction(async tx => {
          await tx.query(`select set_config('vouchd.audit', 'summary', true)`)
          await tx.query(`update vouchd.member set phone = coalesce(phone, '') || '9'`)
        })
        expect(await db.query('select action, kind, rows_count, before from vouchd.audit')).toEqual([
          { action: 'update', kind: 'member', rows_count: '4', before: null },
        ])
      })
    })

    describe('refuses', () => {
      it.each([
        [
          'a group outside the VO',
          `insert into vouchd.vo_group (vo_id, path) select id, '/vo.1' from vouchd.vo`,
          '23514',
        ],
        [
          'a group that only begins like the VO',
          `insert into vouchd.vo_group (vo_id, path) select id, '/vo.00' from vouchd.vo`,
          '23514',
        ],
        [
          'a group without its parent',
          `insert into vouchd.vo_group (vo_id, path) select id, '/vo.0/x/y' from vouchd.vo`,
          '23503',
        ],
        [
          'a group that reads as a role',
          `insert into vouchd.vo_group (vo_id, path) select id, '/vo.0/Role=x' from vouchd.vo`,
          '23514',
        ],
        [
          'an empty element',
          `insert into vouchd.vo_group (vo_id, path) select id, '/vo.0/' from vouchd.vo`,
          '23514',
        ],
        [
          'a holding twice',
          `insert into vouchd.holding (vo_id, member_id, group_id) select vo_id, member_id, group_id from vouchd.holding where role_id is null limit 1`,
          '23505',
        ],
        [
          'a certificate twice',
          `insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key) select vo_id, member_id, upper(subject), subject_key, issuer, issuer_key from vouchd.certificate limit 1`,
          '23505',
        ],
      ])('%s', async (_name, sql, sqlState) => {
        await expect(db.query(sql)).rejects.toMatchObject({ sqlState })
      })

      it('what belongs to another VO', async () => {
        await db.query(`insert into vouchd.vo (name) values ('vo.1')`)
        await expect(
          db.query(
            `insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
             select v.id, m.id, '/CN=x', '/cn=x', '/CN=y', '/cn=y' from vouchd.vo v, vouchd.member m where v.name = 'vo.1' limit 1`,
          ),
        ).rejects.toMatchObject({ sqlState: '23503' })
        await db.query(`delete from vouchd.vo where name = 'vo.1'`)
      })
    })

    it('takes names and values of any length', async () => {
      // Hardly compressible, and beyond what an index entry holds.
      const long = Array.from({ length: 20_000 }, (_, n) =>
        String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000)),
      ).join('')
      await db.query(
        `insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
         select vo_id, id, $1, $1, $1, $1 from vouchd.member where source_id = '3'`,
        [`/CN=${long}`],
      )
      await db.query(`update vouchd.member_attribute set value = $1`, [long])
      const [row] = await db.query(
        `select length(subject) as length from vouchd.holdings where subject = any($1)`,
        [[`/CN=${long}`]],
      )
      expect(row).toEqual({ length: long.length + 4 })
    })

    it('enforces the end of a membership only where the VO says so, that of a holding always', async () => {
      const ends = async () =>
        (
          await db.query(
            `select fqgroup, extract(year from ends_at)::int as year from vouchd.holdings
             where subject = '/C=IT/O=Test/CN=test0' and fqgroup is distinct from '/vo.0' order by fqgroup nulls first, role nulls first limit 4`,
          )
        ).map(({ fqgroup, year }) => [fqgroup, year])
      await db.query(`update vouchd.vo set enforce_end_dates = false`)
      expect(await ends()).toEqual([
        [null, null],
        ['/vo.0/G1', null],
        ['/vo.0/G1', null],
        ['/vo.0/G2', 2030],
      ])
      await db.query(`update vouchd.vo set enforce_end_dates = true`)
      expect(await ends()).toEqual([
        [null, 2023],
        ['/vo.0/G1', 2023],
        ['/vo.0/G1', 2023],
        ['/vo.0/G2', 2023],
      ])
    })

    it('tells whose rules resolve, and until when the policy is signed where those are the rules', async () => {
      const state = async () => {
        const [row] = await db.query(
          `select resolution, name, (aup_until at time zone 'UTC')::text as until from vouchd.holdings
           where subject = '/C=IT/O=Test/CN=test0' and fqgroup is null`,
        )
        return [row?.['resolution'], row?.['name'], row?.['until']]
      }
      await db.query(
        `with a as (insert into vouchd.aup (vo_id, name, validity_days) select id, 'AUP', 30 from vouchd.vo returning *)
         insert into vouchd.aup_version (vo_id, aup_id, version, active, effective_from)
         select a.vo_id, a.id, v.version, v.active, timestamptz '2026-01-01 00:00Z'
         from a, (values ('1', false), ('2', true)) as v (version, active)`,
      )
      expect(await state()).toEqual(['vomsd', 'Zero Test', null])
      await db.query(`update vouchd.vo set resolution = 'iam'`)
      expect(await state()).toEqual(['iam', 'Zero Test', '-infinity'])
      const sign = (version: string, at: string) =>
        db.query(
          `insert into vouchd.aup_signature (vo_id, member_id, version_id, signed_at)
           select m.vo_id, m.id, v.id, $2::timestamptz from vouchd.member m, vouchd.aup_version v
           where m.source_id = '0' and v.version = $1
           on conflict (member_id, version_id) do update set signed_at = excluded.signed_at`,
          [version, at],
        )
      await db.query('delete from vouchd.change')
      await sign('1', '2026-02-01 00:00Z')
      expect(await state()).toEqual(['iam', 'Zero Test', '-infinity'])
      expect(await changes()).toEqual([['vo.0', await memberId('0')]])
      await sign('2', '2026-01-01 00:00Z')
      expect(await state()).toEqual(['iam', 'Zero Test', '-infinity'])
      await sign('2', '2026-02-01 00:00Z')
      expect(await state()).toEqual(['iam', 'Zero Test', '2026-03-03 00:00:00'])
      await db.query('update vouchd.aup set validity_days = 0')
      expect(await state()).toEqual(['iam', 'Zero Test', null])
      await db.query(`update vouchd.aup_signature set valid = false`)
      expect(await state()).toEqual(['iam', 'Zero Test', '-infinity'])
      await db.query(`delete from vouchd.aup; update vouchd.vo set resolution = 'vomsd'`)
    })

    it('knows its version, and what to do about another', async () => {
      const known = await loadMigrations()
      const version = known.at(-1)!.version
      const next = {
        version: version + 1,
        name: 'next',
        sql: 'create table vouchd.next (id int)',
      }
      const newer = [...known, next]
      expect(schemaProblem(await schemaState(db))).toBeUndefined()
      expect(schemaProblem(await schemaState(db, newer))?.advice).toBe('run vouchd migrate')
      await expect(
        migrate(db, {
          migrations: [
            ...newer,
            { version: version + 2, name: 'bad', sql: 'create table vouchd.third (id int); bad' },
          ],
        }),
      ).rejects.toMatchObject({ kind: 'statement' })
      expect(await schemaState(db)).toMatchObject({ version: version + 1, verdict: 'next' })
      expect(schemaProblem(await schemaState(db))).toBeUndefined()
      await migrate(db, {
        migrations: [...newer, { version: version + 2, name: 'third', sql: 'select 1; select 2' }],
      })
      expect(schemaProblem(await schemaState(db))?.advice).toBe('install a newer vouchd')
    })

    it('is removed whole with its VO', async () => {
      await db.query(`delete from vouchd.vo`)
      for (const table of [
        'member',
        'certificate',
        'holding',
        'vo_group',
        'role',
        'attribute_class',
        'role_attribute',
      ]) {
        expect(await db.query(`select * from vouchd.${table}`), table).toEqual([])
      }
    })
  })
})
