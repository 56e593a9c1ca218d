import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { migrate, schemaState } from '../../src/store/migrate.ts'
import { fillSampleVo } from './sampleVo.ts'

/** What every back end must do alike. `open` gives an empty database, and another handle on the same one. */
export function describeDatabase(
  name: string,
  open: () => Promise<{ db: Database; another?: Database; dispose(): Promise<void> }>,
  skip?: string,
): void {
  describe.skipIf(skip !== undefined)(`${name}${skip === undefined ? '' : ` (skipped: ${skip})`}`, () => {
    let db: Database
    let another: Database
    let dispose: () => Promise<void>
    beforeAll(async () => {
      const opened = await open()
      db = opened.db
      another = opened.another ?? opened.db
      dispose = opened.dispose
      expect(await schemaState(db)).toMatchObject({ version: 0, verdict: 'missing' })
      await migrate(db)
      await db.query('create table public.note (id int primary key, text text)')
    })
    afterAll(() => dispose?.())

    it('carries values of every kind there and back', async () => {
      const at = new Date('2026-01-02T03:04:05.678Z')
      const [row] = await db.query(
        `select $1::text as t, $2::int as i, $3::bigint as b, $4::boolean as yes, $5::text as nothing,
                $6::timestamptz as at, $7::bytea as bytes, $8::text[] as list, $9::jsonb as json,
                $10::float8 as real`,
        [
          "o'b\\x",
          7,
          9007199254740993n,
          true,
          null,
          at,
          Uint8Array.of(0, 255),
          ['a,"b\\', '', 'NULL', '{}'],
          '{"a":[1]}',
          0.5,
        ],
      )
      expect(row).toEqual({
        t: "o'b\\x",
        i: 7,
        b: '9007199254740993',
        yes: true,
        nothing: null,
        at,
        bytes: expect.any(Uint8Array),
        list: ['a,"b\\', '', 'NULL', '{}'],
        json: { a: [1] },
        real: 0.5,
      })
      expect(Array.from(row?.['bytes'] as Uint8Array)).toEqual([0, 255])
    })

    it('runs several statements when there are no parameters, and gives the last ones rows', async () => {
      expect(await db.query('select 1 as a; select 2 as a')).toEqual([{ a: 2 }])
    })

    it('commits what resolves', async () => {
      await db.transaction(async tx => {
        await tx.query('insert into note values ($1, $2)', [1, 'one'])
        await tx.query('insert into note values ($1, $2)', [2, null])
      })
      expect(await another.query('select * from note order by id')).toEqual([
        { id: 1, text: 'one' },
        { id: 2, text: null },
      ])
    })

    it('rolls back what throws, and throws the same', async () => {
      const thrown = new Error('no')
      await expect(
        db.transaction(async tx => {
          await tx.query('insert into note values (3, null)')
          throw thrown
        }),
      ).rejects.toBe(thrown)
      expect(await db.query('select * from note where id = 3')).toEqual([])
    })

    it('does not report a transaction as committed whose statement failed unnoticed', async () => {
      await expect(
        db.transaction(async tx => {
          await tx.query('insert into note values (4, null)')
          await tx.query('select 1/0').catch(() => {})
        }),
      ).rejects.toMatchObject({ name: 'DatabaseError' })
      expect(await db.query('select * from note where id = 4')).toEqual([])
    })

    it.each([
      ['a unique violation', 'insert into note values (1, null)', 'conflict', '23505'],
      ['a missing table', 'select * from nothing_here', 'statement', '42P01'],
      ['a bad value', "select 'x'::int", 'statement', '22P02'],
    ])('types %s', async (_name, sql, kind, sqlState) => {
      await expect(db.query(sql)).rejects.toMatchObject({ name: 'DatabaseError', kind, sqlState })
      await expect(db.query(sql, [])).rejects.toMatchObject({ name: 'DatabaseError', kind, sqlState })
      expect(await db.query('select 1 as one')).toEqual([{ one: 1 }])
    })

    it('hears notifications until told to stop', async () => {
      const heard: string[] = []
      const stop = await db.listen('news', payload => heard.push(payload))
      await another.query(`select pg_notify('news', 'first')`)
      await expect.poll(() => heard).toEqual(['first'])
      await stop()
      await another.query(`select pg_notify('news', 'second')`)
      await db.query('select 1')
      expect(heard).toEqual(['first'])
    })

    it('runs many queries at once', async () => {
      const rows = await Promise.all(
        Array.from({ length: 50 }, (_, n) => db.query<{ n: number }>('select $1::int as n', [n])),
      )
      expect(rows.map(([row]) => row?.n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
    })

    it('migrates once', async () => {
      expect(await migrate(db)).toEqual([])
      expect(await schemaState(another)).toMatchObject({ verdict: 'current' })
    })

    it('shows the sample VO through the two views', async () => {
      await fillSampleVo(db)
      expect(
        await db.query(
          `select subject, fqgroup, role, optional, suspended, reason, ends_at is null as endless
           from vouchd.holdings where vo = 'vo.0' order by subject, fqgroup nulls first, role nulls first`,
        ),
      ).toMatchInlineSnapshot(`
        [
          {
            "endless": true,
            "fqgroup": null,
            "optional": false,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=(Parenthesis)",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": null,
            "optional": false,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0",
            "optional": false,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0/G1",
            "optional": false,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0/G1",
            "optional": false,
            "reason": null,
            "role": "R1",
            "subject": "/C=IT/O=Test/CN=test0",
            "suspended": false,
          },
          {
            "endless": false,
            "fqgroup": "/vo.0/G2",
            "optional": false,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0/optional",
            "optional": true,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": null,
            "optional": false,
            "reason": "key lost",
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0 old",
            "suspended": true,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0",
            "optional": false,
            "reason": "key lost",
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0 old",
            "suspended": true,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0/G1",
            "optional": false,
            "reason": "key lost",
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0 old",
            "suspended": true,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0/G1",
            "optional": false,
            "reason": "key lost",
            "role": "R1",
            "subject": "/C=IT/O=Test/CN=test0 old",
            "suspended": true,
          },
          {
            "endless": false,
            "fqgroup": "/vo.0/G2",
            "optional": false,
            "reason": "key lost",
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0 old",
            "suspended": true,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0/optional",
            "optional": true,
            "reason": "key lost",
            "role": null,
            "subject": "/C=IT/O=Test/CN=test0 old",
            "suspended": true,
          },
          {
            "endless": true,
            "fqgroup": null,
            "optional": false,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=test1",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0",
            "optional": false,
            "reason": null,
            "role": null,
            "subject": "/C=IT/O=Test/CN=test1",
            "suspended": false,
          },
          {
            "endless": true,
            "fqgroup": null,
            "optional": false,
            "reason": "left the experiment",
            "role": null,
            "subject": "/C=IT/O=Test/CN=test2",
            "suspended": true,
          },
          {
            "endless": true,
            "fqgroup": "/vo.0",
            "optional": false,
            "reason": "left the experiment",
            "role": null,
            "subject": "/C=IT/O=Test/CN=test2",
            "suspended": true,
          },
        ]
      `)
      expect(
        await db.query('select * from vouchd.attributes order by scope, fqgroup, name'),
      ).toMatchInlineSnapshot(`
        [
          {
            "fqgroup": "/vo.0/G1",
            "member": null,
            "name": "quota",
            "role": null,
            "scope": "group",
            "value": "10",
            "vo": "vo.0",
          },
          {
            "fqgroup": "/vo.0/G2/G3",
            "member": null,
            "name": "quota",
            "role": null,
            "scope": "group",
            "value": "10",
            "vo": "vo.0",
          },
          {
            "fqgroup": null,
            "member": "1",
            "name": "nickname",
            "role": null,
            "scope": "member",
            "value": "zero",
            "vo": "vo.0",
          },
          {
            "fqgroup": "/vo.0/G1",
            "member": null,
            "name": "quota",
            "role": "R1",
            "scope": "role",
            "value": "20",
            "vo": "vo.0",
          },
        ]
      `)
    })
  })
}
