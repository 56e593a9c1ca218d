import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AdminError } from '../../src/admin/AdminError.ts'
import { addMembers } from '../../src/admin/addMembers.ts'
import {
  addAttributeClass,
  listAttributeClasses,
  removeAttributeClass,
  renameAttributeClass,
} from '../../src/admin/attributeClasses.ts'
import { listAttributes, removeAttributes, setAttributes } from '../../src/admin/attributes.ts'
import { namesFromText } from '../../src/admin/certificateNames.ts'
import {
  addCertificate,
  listCertificates,
  removeCertificate,
  restoreCertificate,
  suspendCertificate,
} from '../../src/admin/certificates.ts'
import { listChanges } from '../../src/admin/changes.ts'
import type { Author } from '../../src/admin/changeVo.ts'
import { checkRows } from '../../src/admin/checkRows.ts'
import {
  addGroup,
  listGroups,
  removeGroup,
  renameGroup,
  setGroup,
  showGroup,
} from '../../src/admin/groups.ts'
import { joinGroups, leaveGroups } from '../../src/admin/holdings.ts'
import { removeMember, restoreMember, setMember, suspendMember } from '../../src/admin/members.ts'
import { addRole, listRoles, removeRole, renameRole } from '../../src/admin/roles.ts'
import { addVo, listVos, removeVo, renameVo, setVo, showVo } from '../../src/admin/vos.ts'
import type { Database } from '../../src/store/database.ts'
import { showMember } from '../../src/store/members.ts'
import { migrate } from '../../src/store/migrate.ts'

const CA = '/C=IT/O=G/CN=CA'
const by: Author = { actor: 'ada', reason: 'ticket 1' }
const dry: Author = { ...by, dryRun: true }

/** What every operation does and refuses, over any back end. Each test has a VO of its own. */
export function describeOperations(
  name: string,
  open: () => Promise<{ db: Database; dispose(): Promise<void> }>,
  skip?: string,
): void {
  describe.skipIf(skip !== undefined)(`administration over ${name}`, () => {
    let db: Database
    let dispose: () => Promise<void>
    let vo: string
    beforeAll(async () => {
      ;({ db, dispose } = await open())
      await migrate(db)
    })
    afterAll(() => dispose?.())
    beforeEach(async () => {
      vo = `vo.${randomBytes(4).toString('hex')}`
      await addVo(db, by, { name: vo })
    })

    const names = (cn: string, issuer = CA) => namesFromText(`/C=IT/O=G/CN=${cn}`, issuer)

    async function member(cn: string, more: object = {}): Promise<string> {
      const { members } = await addMembers(db, by, vo, [{ certificate: names(cn), ...more }])
      return members[0]!.member
    }
    const holds = async (id: string) =>
      (await showMember(db, id))!.holdings.map(({ group, role }) =>
        role === undefined ? group : `${group}/Role=${role}`,
      )
    const everything = async () =>
      JSON.stringify(
        await db.query(
          `select (select json_agg(t order by id) from vouchd.member t) as m, (select json_agg(t order by id) from vouchd.certificate t) as c,
             (select json_agg(t order by id) from vouchd.holding t) as h, (select json_agg(t order by id) from vouchd.vo_group t) as g,
             (select json_agg(t order by id) from vouchd.vo t) as v, (select count(*) from vouchd.audit) as a`,
        ),
      )

    describe('VOs', () => {
      it('have a root group from the start', async () => {
        expect((await listGroups(db, { vo })).map(group => group.path)).toEqual([`/${vo}`])
        expect(await showVo(db, vo)).toMatchObject({
          enforceEndDates: true,
          resolution: 'vomsd',
          holds: { members: 0, groups: 1 },
        })
        expect((await listVos(db)).map(one => one.name)).toContain(vo)
      })

      it('are made once', async () => {
        await expect(addVo(db, by, { name: vo })).rejects.toMatchObject({
          code: 'ADMIN_EXISTS',
          message: `there is a VO ${vo} already`,
        })
      })

      it.each(['', 'a/b', '-x', 'a b', 'ä', 'x'.repeat(256), "'; drop table vouchd.vo; --", 'a\nb'])(
        'are not called %j',
        async bad => {
          await expect(addVo(db, by, { name: bad })).rejects.toMatchObject({ code: 'ADMIN_VALUE' })
        },
      )

      it('change their settings, and say who is refused then', async () => {
        await setVo(db, by, vo, { enforceEndDates: false })
        await member('ended', { endsAt: new Date('2020-01-01T00:00:00Z') })
        expect(
          await setVo(db, by, vo, { enforceEndDates: true, description: 'ours', resolution: 'iam' }),
        ).toEqual({ vo, changed: ['description', 'enforceEndDates', 'resolution'], refusedMembers: 1 })
        expect((await setVo(db, by, vo, { description: 'ours' })).changed).toEqual([])
        expect(await showVo(db, vo)).toMatchObject({ description: 'ours', enforceEndDates: true })
      })

      it('are renamed with their whole tree', async () => {
        await addGroup(db, by, { path: `/${vo}/a/b`, parents: true })
        const id = await member('m', { holdings: [{ group: `/${vo}/a/b` }] })
        expect(await renameVo(db, by, vo, `${vo}x`)).toEqual({ vo: `${vo}x`, from: vo, groups: 3 })
        expect(await holds(id)).toEqual([`/${vo}x`, `/${vo}x/a`, `/${vo}x/a/b`])
        await expect(showVo(db, vo)).rejects.toMatchObject({ code: 'ADMIN_NOT_FOUND' })
      })

      it('go with all that they hold', async () => {
        await addGroup(db, by, { path: `/${vo}/a` })
        await member('m')
        const { gone } = await removeVo(db, by, vo)
        expect(gone).toMatchObject({ members: 1, certificates: 1, groups: 2, holdings: 1 })
        await expect(removeVo(db, by, vo)).rejects.toMatchObject({
          code: 'ADMIN_NOT_FOUND',
          advice: expect.stringContaining(`vouchd vo add ${vo}`),
        })
      })
    })

    describe('a VO that is followed from elsewhere', () => {
      beforeEach(async () => {
        await addGroup(db, by, { path: `/${vo}/g` })
        await addRole(db, by, vo, 'r')
        await addAttributeClass(db, by, vo, { name: 'nick' })
        await member('followed')
        await db.query(`update vouchd.vo set followed_from = 'voms-admin at db.example' where name = $1`, [
          vo,
        ])
      })

      it('refuses every change, with the reason and the way out', async () => {
        const subject = '/C=IT/O=G/CN=followed'
        const ref = { member: subject, vo }
        const holding = { member: subject, group: `/${vo}/g` }
        const attribute = { name: 'nick', value: 'x', holder: { scope: 'member', member: ref } } as const
        const before = await everything()
        for (const change of [
          () => setVo(db, by, vo, { enforceEndDates: false }),
          () => renameVo(db, by, vo, 'other'),
          () => removeVo(db, by, vo),
          () => addMembers(db, by, vo, [{ certificate: names('n') }]),
          () => setMember(db, by, ref, { email: 'a@b.c' }),
          () => suspendMember(db, by, ref, 'x'),
          () => restoreMember(db, by, ref),
          () => removeMember(db, by, ref),
          () => addCertificate(db, by, ref, names('n')),
          () => suspendCertificate(db, by, { certificate: subject, vo }, 'x'),
          () => restoreCertificate(db, by, { certificate: subject, vo }),
          () => removeCertificate(db, by, { certificate: subject, vo }, true),
          () => addGroup(db, by, { path: `/${vo}/h` }),
          () => setGroup(db, by, `/${vo}/g`, { optional: true }),
          () => renameGroup(db, by, `/${vo}/g`, `/${vo}/h`),
          () => removeGroup(db, by, `/${vo}/g`),
          () => addRole(db, by, vo, 's'),
          () => renameRole(db, by, vo, 'r', 's'),
          () => removeRole(db, by, vo, 'r'),
          () => joinGroups(db, by, vo, [holding]),
          () => leaveGroups(db, by, vo, [holding]),
          () => addAttributeClass(db, by, vo, { name: 'x' }),
          () => renameAttributeClass(db, by, vo, 'nick', 'x'),
          () => removeAttributeClass(db, by, vo, 'nick'),
          () => setAttributes(db, by, vo, [attribute]),
          () => removeAttributes(db, by, vo, [attribute]),
        ]) {
          await expect(change(), String(change)).rejects.toMatchObject({
            code: 'ADMIN_FOLLOWED',
            message: `VO ${vo} is followed from voms-admin at db.example: what is changed here would be overwritten from there`,
            advice: expect.stringContaining(`vouchd import end-follow --vo ${vo}`),
          })
        }
        expect(await everything()).toBe(before)
      })
    })

    describe('groups', () => {
      it('stand under groups that exist, or are made with them', async () => {
        await expect(addGroup(db, by, { path: `/${vo}/a/b` })).rejects.toMatchObject({
          code: 'ADMIN_NOT_FOUND',
          message: `there is no group /${vo}/a above /${vo}/a/b`,
          advice: expect.stringContaining('--parents'),
        })
        expect(await addGroup(db, by, { path: `/${vo}/a/b`, parents: true, optional: true })).toEqual({
          added: [`/${vo}/a`, `/${vo}/a/b`],
        })
        expect(await listGroups(db, { vo })).toMatchObject([
          { path: `/${vo}`, optional: false },
          { path: `/${vo}/a`, optional: false },
          { path: `/${vo}/a/b`, optional: true },
        ])
        await expect(addGroup(db, by, { path: `/${vo}/a` })).rejects.toMatchObject({ code: 'ADMIN_EXISTS' })
      })

      it('keep to their VO', async () => {
        await expect(addGroup(db, by, { path: '/no.such.vo/a' })).rejects.toMatchObject({
          code: 'ADMIN_NOT_FOUND',
          message: 'there is no VO no.such.vo in the database',
        })
        await addGroup(db, by, { path: `/${vo}/a` })
        for (const to of ['/elsewhere/a', `/${vo}x/a`, `/${vo}`]) {
          await expect(renameGroup(db, by, `/${vo}/a`, to)).rejects.toMatchObject({ code: 'ADMIN_VALUE' })
        }
      })

      it.each([
        'x',
        '/a/',
        '//a',
        '/a/Role=x',
        '/a/b c',
        '/a/ä',
        "/a/'; drop table vouchd.vo; --",
        '/a/\x1b[31m',
        `/${'a'.repeat(256)}`,
      ])('that could not be issued are not made: %j', async tail => {
        await expect(addGroup(db, by, { path: `/${vo}${tail}`, parents: true })).rejects.toMatchObject({
          name: 'AdminError',
        })
        expect(await listGroups(db, { vo })).toHaveLength(1)
      })

      it('move with all below them', async () => {
        await addGroup(db, by, { path: `/${vo}/a/b/c/d`, parents: true })
        await addGroup(db, by, { path: `/${vo}/ab` })
        const id = await member('m', { holdings: [{ group: `/${vo}/a/b/c` }] })
        expect(await renameGroup(db, by, `/${vo}/a/b`, `/${vo}/ab/x`)).toMatchObject({ groups: 3 })
        expect((await listGroups(db, { vo })).map(group => group.path)).toEqual(
          ['', '/a', '/ab', '/ab/x', '/ab/x/c', '/ab/x/c/d'].map(path => `/${vo}${path}`),
        )
        expect(await holds(id)).toEqual([`/${vo}`, `/${vo}/a`, `/${vo}/ab/x`, `/${vo}/ab/x/c`])
        const parents = await db.query(
          `select g.path, p.path as parent from vouchd.vo_group g join vouchd.vo_group p on p.id = g.parent_id
           where g.path like $1 order by g.path`,
          [`/${vo}/ab/x%`],
        )
        expect(parents.map(row => row['parent'])).toEqual([`/${vo}/ab`, `/${vo}/ab/x`, `/${vo}/ab/x/c`])
      })

      it('do not move where they cannot', async () => {
        await addGroup(db, by, { path: `/${vo}/a/b`, parents: true })
        await addGroup(db, by, { path: `/${vo}/c` })
        for (const [from, to, code] of [
          ['a', 'c', 'ADMIN_EXISTS'],
          ['a', 'a/x', 'ADMIN_VALUE'],
          ['a', 'a', 'ADMIN_VALUE'],
          ['a', 'no/x', 'ADMIN_NOT_FOUND'],
          ['nothing', 'x', 'ADMIN_NOT_FOUND'],
          ['a', `c/${'x'.repeat(250)}`, 'ADMIN_VALUE'],
          // The group itself would fit, but not what lies below it.
          ['a', 'x'.repeat(254 - vo.length - 1), 'ADMIN_VALUE'],
        ]) {
          await expect(
            renameGroup(db, by, `/${vo}/${from}`, `/${vo}/${to}`),
            `${from} ${to}`,
          ).rejects.toMatchObject({ code })
        }
        await expect(renameGroup(db, by, `/${vo}`, `/${vo}/x`)).rejects.toMatchObject({ code: 'ADMIN_STATE' })
      })

      it('change, show who is in them, and go with what they hold', async () => {
        await addGroup(db, by, { path: `/${vo}/a/b`, parents: true })
        await addRole(db, by, vo, 'r')
        const id = await member('m', {
          givenName: 'Em',
          holdings: [{ group: `/${vo}/a/b` }, { group: `/${vo}/a`, role: 'r' }],
        })
        expect(await setGroup(db, by, `/${vo}/a`, { optional: true, description: 'x' })).toMatchObject({
          changed: ['optional', 'description'],
        })
        expect(await showGroup(db, `/${vo}/a`, 10)).toMatchObject({
          optional: true,
          members: 1,
          roleHoldings: 1,
          holders: [
            { member: id, name: 'Em', role: undefined },
            { member: id, role: 'r' },
          ],
        })
        expect((await removeGroup(db, dry, `/${vo}/a`)).gone).toEqual({
          subgroups: 1,
          holdings: 3,
          attributes: 0,
        })
        expect(await holds(id)).toHaveLength(4)
        await removeGroup(db, by, `/${vo}/a`)
        expect(await holds(id)).toEqual([`/${vo}`])
        await expect(removeGroup(db, by, `/${vo}`)).rejects.toMatchObject({ code: 'ADMIN_STATE' })
      })
    })

    describe('roles', () => {
      it('are made, renamed wherever they are held, and removed', async () => {
        await addRole(db, by, vo, 'r', 'about')
        const id = await member('m', { holdings: [{ group: `/${vo}`, role: 'r' }] })
        await expect(addRole(db, by, vo, 'r')).rejects.toMatchObject({ code: 'ADMIN_EXISTS' })
        await renameRole(db, by, vo, 'r', 's')
        expect(await holds(id)).toEqual([`/${vo}`, `/${vo}/Role=s`])
        expect(await listRoles(db, vo)).toMatchObject([{ role: 's', description: 'about', holdings: 1 }])
        expect((await removeRole(db, by, vo, 's')).gone).toEqual({ holdings: 1, attributes: 0 })
        expect(await holds(id)).toEqual([`/${vo}`])
        await expect(removeRole(db, by, vo, 's')).rejects.toMatchObject({
          code: 'ADMIN_NOT_FOUND',
          message: `there is no role s in VO ${vo}`,
        })
        await expect(renameRole(db, by, vo, 's', 't')).rejects.toMatchObject({ code: 'ADMIN_NOT_FOUND' })
      })

      it.each(['', 'NULL', 'null', 'Role=x', 'a/b', 'a b', 'x'.repeat(256), 'r\x00'])(
        'that could not be issued are not made: %j',
        async bad => {
          await expect(addRole(db, by, vo, bad)).rejects.toMatchObject({ code: 'ADMIN_VALUE' })
        },
      )
    })

    describe('members', () => {
      it('belong to the root group, to the groups named, and to those above them', async () => {
        await addGroup(db, by, { path: `/${vo}/a/b`, parents: true })
        await addRole(db, by, vo, 'r')
        const endsAt = new Date('2030-01-01T00:00:00Z')
        const id = await member('m', {
          givenName: 'Em',
          email: 'm@example.org',
          endsAt,
          holdings: [{ group: `/${vo}/a/b`, role: 'r' }],
        })
        expect(await showMember(db, id)).toMatchObject({
          vo,
          givenName: 'Em',
          email: 'm@example.org',
          endsAt,
          certificates: [{ subject: '/C=IT/O=G/CN=m', issuer: CA, suspension: undefined }],
        })
        expect(await holds(id)).toEqual([`/${vo}`, `/${vo}/a`, `/${vo}/a/b`, `/${vo}/a/b/Role=r`])
        // The look-up of requests sees the certificate.
        expect(await db.query('select distinct subject from vouchd.holdings where vo = $1', [vo])).toEqual([
          { subject: '/C=IT/O=G/CN=m' },
        ])
      })

      it('have certificates that nobody else in the VO has, however they are spelled', async () => {
        const id = await member('m')
        for (const subject of ['/C=IT/O=G/CN=m', '/c=it/o=g/cn=M']) {
          await expect(
            addMembers(db, by, vo, [{ certificate: namesFromText(subject, CA) }]),
          ).rejects.toMatchObject({
            code: 'ADMIN_EXISTS',
            message: expect.stringContaining(`belongs to member ${id} already`),
          })
        }
        await addMembers(db, by, vo, [{ certificate: names('m', '/C=IT/O=G/CN=CA 2') }])
      })

      it('are added all or none, with every fault told by its place', async () => {
        const taken = await member('taken')
        const before = await everything()
        const rows = [
          { place: 'line 5', certificate: names('b'), holdings: [{ group: `/${vo}/none` }] },
          { place: 'line 2', certificate: names('a') },
          { place: 'line 3', certificate: names('taken') },
          { place: 'line 4', certificate: names('a') },
          { place: 'line 6', certificate: names('c'), email: 'no address' },
          { place: 'line 7', certificate: names('d'), surname: 'a\x1bb' },
        ]
        await expect(addMembers(db, by, vo, rows)).rejects.toMatchObject({
          code: 'ADMIN_ROWS',
          message: '5 faults in the rows',
          faults: [
            { place: 'line 3', message: expect.stringContaining(`belongs to member ${taken} already`) },
            { place: 'line 4', message: expect.stringContaining('stands in line 2 already') },
            { place: 'line 5', message: `there is no group /${vo}/none` },
            { place: 'line 6', message: '"no address" is no e-mail address' },
            { place: 'line 7', message: 'the surname holds a control character' },
          ],
        })
        expect(await everything()).toBe(before)
      })

      it('are told every fault of one row', async () => {
        const row = {
          place: 'line 2',
          certificate: undefined,
          givenName: 'a\x1bb',
          email: 'none',
          holdings: [{ group: `/${vo}/no` }, { group: `/${vo}`, role: 'nobody' }],
        }
        const check = checkRows()
        check.row(row, () => {
          throw new AdminError('ADMIN_VALUE', 'no subject', 'every row needs one')
        })
        await expect(addMembers(db, by, vo, [row], check)).rejects.toMatchObject({
          message: '5 faults in the rows',
          faults: [
            'no subject',
            'the given name holds a control character',
            '"none" is no e-mail address',
            `there is no group /${vo}/no`,
            expect.stringContaining('nobody'),
          ].map(message => ({ place: 'line 2', message })),
        })
      })

      it('come by the thousand in one change, and share addresses only with a note', async () => {
        const many = Array.from({ length: 2500 }, (_, n) => ({
          place: `line ${n + 2}`,
          certificate: names(`n${n}`),
          email: n < 2 ? 'same@example.org' : `n${n}@example.org`,
        }))
        const { members, notes } = await addMembers(db, by, vo, many)
        expect(members).toHaveLength(2500)
        expect(notes).toEqual([
          `members ${members[0]!.member}, ${members[1]!.member} share the e-mail address same@example.org`,
        ])
        for (const at of [0, 999, 1000, 2499]) {
          const found = await showMember(db, members[at]!.member)
          expect(found!.certificates[0]!.subject).toBe(`/C=IT/O=G/CN=n${at}`)
          expect(found!.email).toBe(many[at]!.email)
        }
      })

      it('change what is known of them; an empty text takes it away', async () => {
        const id = await member('m', { phone: '1', surname: 'Em' })
        const endsAt = new Date('2031-01-31T23:59:59Z')
        expect(await setMember(db, by, { member: id }, { phone: '', email: 'a@b.c', endsAt })).toMatchObject({
          changed: ['phone', 'email', 'endsAt'],
          endIsEnforced: true,
        })
        expect(await showMember(db, id)).toMatchObject({
          surname: 'Em',
          phone: undefined,
          email: 'a@b.c',
          endsAt,
        })
        expect((await setMember(db, by, { member: id }, { email: 'a@b.c' })).changed).toEqual([])
        await setMember(db, by, { member: id }, { endsAt: null })
        expect((await showMember(db, id))!.endsAt).toBeUndefined()
        await expect(setMember(db, by, { member: id }, { address: 'x'.repeat(256) })).rejects.toMatchObject({
          code: 'ADMIN_VALUE',
        })
      })

      it('are found by number, subject in any spelling, or e-mail address, and never by guess', async () => {
        const id = await member('m', { email: `${vo}@example.org` })
        for (const ref of [id, `00${id}`, '/C=IT/O=G/CN=m', '/c=it/o=g/cn=M', `${vo}@example.org`]) {
          expect(await setMember(db, by, { member: ref, vo }, { phone: '1' })).toMatchObject({ member: id })
        }
        for (const ref of [
          '',
          '0',
          '/',
          'x',
          '/C=IT/O=G/CN=x',
          'x@example.org',
          '9'.repeat(30),
          '%',
          "' or 1=1",
        ]) {
          await expect(setMember(db, by, { member: ref, vo }, { phone: '2' }), ref).rejects.toMatchObject({
            code: 'ADMIN_NOT_FOUND',
          })
        }
        const { members } = await addMembers(db, by, vo, [
          { certificate: names('m', '/C=IT/O=G/CN=CA 2'), email: `${vo}@example.org` },
        ])
        for (const ref of ['/C=IT/O=G/CN=m', `${vo}@example.org`]) {
          await expect(setMember(db, by, { member: ref, vo }, { phone: '2' })).rejects.toMatchObject({
            code: 'ADMIN_AMBIGUOUS',
            advice: expect.stringContaining(`${id} (VO ${vo}), ${members[0]!.member} (VO ${vo})`),
          })
        }
        expect(
          await setMember(db, by, { member: '/C=IT/O=G/CN=m', issuer: CA, vo }, { phone: '3' }),
        ).toMatchObject({ member: id })
      })

      it('go with what they hold', async () => {
        const id = await member('m')
        expect((await removeMember(db, dry, { member: id })).gone).toEqual({
          certificates: 1,
          holdings: 1,
          attributes: 0,
        })
        await removeMember(db, by, { member: id })
        expect(await showMember(db, id)).toBeUndefined()
        await expect(removeMember(db, by, { member: id })).rejects.toMatchObject({ code: 'ADMIN_NOT_FOUND' })
      })
    })

    describe('suspension', () => {
      const states = async (id: string) =>
        (await listCertificates(db, { member: id, limit: 10 })).map(one => [
          one.subject.split('=').at(-1),
          one.suspended ? one.suspendedReason : 'active',
        ])

      it('takes every certificate along, and restoring gives back only those', async () => {
        const id = await member('a')
        await addCertificate(db, by, { member: id }, names('b'))
        // Even for the same reason in the same words.
        await suspendCertificate(db, by, { certificate: '/C=IT/O=G/CN=b', vo }, 'left')
        expect(await suspendMember(db, by, { member: id }, 'left')).toEqual({
          member: id,
          vo,
          certificates: ['/C=IT/O=G/CN=a'],
          stillSuspended: ['/C=IT/O=G/CN=b'],
        })
        expect((await addCertificate(db, by, { member: id }, names('c'))).suspended).toBe(true)
        expect(await states(id)).toEqual([
          ['a', 'left'],
          ['b', 'left'],
          ['c', 'left'],
        ])
        await expect(suspendMember(db, by, { member: id }, 'again')).rejects.toMatchObject({
          message: `member ${id} is suspended already: left`,
        })
        await expect(restoreCertificate(db, by, { certificate: '/C=IT/O=G/CN=b', vo })).rejects.toMatchObject(
          { code: 'ADMIN_STATE', advice: expect.stringContaining('vouchd member restore') },
        )
        expect(await restoreMember(db, by, { member: id })).toEqual({
          member: id,
          vo,
          certificates: ['/C=IT/O=G/CN=a', '/C=IT/O=G/CN=c'],
          stillSuspended: ['/C=IT/O=G/CN=b'],
        })
        expect(await states(id)).toEqual([
          ['a', 'active'],
          ['b', 'left'],
          ['c', 'active'],
        ])
        await restoreCertificate(db, by, { certificate: '/C=IT/O=G/CN=b', vo })
        expect(await states(id)).toContainEqual(['b', 'active'])
        // Nothing of it stays behind, neither reason nor code.
        expect(
          await db.query(
            `select 1 from vouchd.member m join vouchd.certificate c on c.member_id = m.id
             where m.id = $1 and num_nonnulls(m.suspended_reason, m.suspended_code, m.suspended_at,
               c.suspended_reason, c.suspended_code, c.suspended_at) > 0`,
            [id],
          ),
        ).toEqual([])
        for (const undo of [
          () => restoreMember(db, by, { member: id }),
          () => restoreCertificate(db, by, { certificate: '/C=IT/O=G/CN=b', vo }),
        ]) {
          await expect(undo()).rejects.toMatchObject({ code: 'ADMIN_STATE' })
        }
      })

      it('of one certificate outlasts that of its member', async () => {
        const id = await member('a')
        await suspendMember(db, by, { member: id }, 'left', 'SECURITY_INCIDENT')
        await suspendCertificate(db, by, { certificate: '/C=IT/O=G/CN=a', vo }, 'key lost')
        expect((await restoreMember(db, by, { member: id })).stillSuspended).toEqual(['/C=IT/O=G/CN=a'])
        expect(await states(id)).toEqual([['a', 'key lost']])
      })

      it.each([['a\nb'], ['x'.repeat(256)], ['\u2028']])('for %j is refused', async reason => {
        const id = await member('a')
        await expect(suspendMember(db, by, { member: id }, reason)).rejects.toMatchObject({
          code: 'ADMIN_VALUE',
        })
        await expect(suspendMember(db, by, { member: id }, 'x', 'no code')).rejects.toMatchObject({
          code: 'ADMIN_VALUE',
        })
      })
    })

    describe('certificates', () => {
      it('are removed, but not the last one without force', async () => {
        const id = await member('a')
        const { id: second } = await addCertificate(db, by, { member: id }, names('b'))
        await expect(addCertificate(db, by, { member: id }, names('b'))).rejects.toMatchObject({
          code: 'ADMIN_EXISTS',
        })
        await removeCertificate(db, by, { certificate: '/C=IT/O=G/CN=a', vo })
        await expect(removeCertificate(db, by, { certificate: second })).rejects.toMatchObject({
          code: 'ADMIN_STATE',
          message: `it is the only certificate of member ${id}, who could not be recognised any more`,
        })
        await removeCertificate(db, by, { certificate: second }, true)
        expect(await listCertificates(db, { member: id, limit: 10 })).toEqual([])
        await expect(removeCertificate(db, by, { certificate: second })).rejects.toMatchObject({
          code: 'ADMIN_NOT_FOUND',
        })
      })

      it('of one subject are told apart by their issuer', async () => {
        await member('a')
        await addMembers(db, by, vo, [{ certificate: names('a', '/C=IT/O=G/CN=CA 2') }])
        const ref = { certificate: '/C=IT/O=G/CN=a', vo }
        await expect(suspendCertificate(db, by, ref, 'x')).rejects.toMatchObject({ code: 'ADMIN_AMBIGUOUS' })
        const issuer = '/C=IT/O=G/CN=CA 2'
        expect(await suspendCertificate(db, by, { ...ref, issuer }, 'x')).toMatchObject({ issuer })
      })
    })

    describe('groups and roles of members', () => {
      let id: string
      beforeEach(async () => {
        await addGroup(db, by, { path: `/${vo}/a/b`, parents: true })
        await addRole(db, by, vo, 'r')
        id = await member('m')
      })

      it('come with the groups above, and the end named', async () => {
        const endsAt = new Date('2030-01-01T00:00:00Z')
        expect(
          await joinGroups(db, by, vo, [{ member: id, group: `/${vo}/a/b`, role: 'r', endsAt }]),
        ).toEqual([
          {
            member: id,
            fqan: `/${vo}/a/b/Role=r`,
            added: [`/${vo}/a`, `/${vo}/a/b`, `/${vo}/a/b/Role=r`],
            changed: [],
          },
        ])
        expect((await showMember(db, id))!.holdings.map(one => one.endsAt)).toEqual([
          undefined,
          undefined,
          undefined,
          endsAt,
        ])
      })

      it('are given again without harm; only a new end changes something', async () => {
        const row = { member: id, group: `/${vo}/a` }
        const endsAt = new Date('2030-01-01T00:00:00Z')
        await joinGroups(db, by, vo, [row])
        expect(await joinGroups(db, by, vo, [row])).toMatchObject([{ added: [], changed: [] }])
        expect(await joinGroups(db, by, vo, [{ ...row, endsAt }])).toMatchObject([{ changed: [`/${vo}/a`] }])
        expect(await joinGroups(db, by, vo, [{ ...row, endsAt }, row])).toMatchObject([
          { changed: [] },
          { changed: [] },
        ])
        expect((await showMember(db, id))!.holdings[1]!.endsAt).toEqual(endsAt)
        await joinGroups(db, by, vo, [{ ...row, endsAt: null }])
        expect((await showMember(db, id))!.holdings[1]!.endsAt).toBeUndefined()
      })

      it('go with those below, or alone where a role is named', async () => {
        await joinGroups(db, by, vo, [{ member: id, group: `/${vo}/a/b`, role: 'r' }])
        expect(await leaveGroups(db, by, vo, [{ member: id, group: `/${vo}/a/b`, role: 'r' }])).toEqual([
          { member: id, fqan: `/${vo}/a/b/Role=r`, removed: [`/${vo}/a/b/Role=r`] },
        ])
        expect(await leaveGroups(db, by, vo, [{ member: id, group: `/${vo}/a` }])).toMatchObject([
          { removed: [`/${vo}/a`, `/${vo}/a/b`] },
        ])
        await expect(leaveGroups(db, by, vo, [{ member: id, group: `/${vo}/a` }])).rejects.toMatchObject({
          code: 'ADMIN_STATE',
          message: `member ${id} does not hold /${vo}/a`,
        })
      })

      it('are given all or none, with every fault told', async () => {
        const rows = [
          { place: 'line 2', member: id, group: `/${vo}/a` },
          { place: 'line 3', member: '0', group: `/${vo}/a` },
          { place: 'line 4', member: id, group: '/other/a' },
          { place: 'line 5', member: id, group: `/${vo}/a`, role: 'none' },
        ]
        await expect(joinGroups(db, by, vo, rows)).rejects.toMatchObject({
          faults: [
            { place: 'line 3', message: `there is no member 0 in VO ${vo}` },
            { place: 'line 4', message: 'there is no group /other' },
            { place: 'line 5', message: `there is no role none in VO ${vo}` },
          ],
        })
        await expect(leaveGroups(db, by, vo, rows.slice(0, 1))).rejects.toMatchObject({
          faults: [{ place: 'line 2', message: `member ${id} does not hold /${vo}/a` }],
        })
        expect(await holds(id)).toEqual([`/${vo}`])
      })
    })

    describe('attributes', () => {
      let id: string
      const mine = (value: string, member = id) =>
        ({ name: 'nick', value, holder: { scope: 'member', member: { member } } }) as const
      beforeEach(async () => {
        await addGroup(db, by, { path: `/${vo}/a` })
        await addRole(db, by, vo, 'r')
        await addAttributeClass(db, by, vo, { name: 'nick', unique: true, description: 'x' })
        id = await member('m')
      })

      it('are set, changed and removed at member, group and role', async () => {
        const group = { name: 'nick', value: 'g', holder: { scope: 'group', group: `/${vo}/a` } } as const
        const role = {
          name: 'nick',
          value: 'r',
          holder: { scope: 'role', group: `/${vo}/a`, role: 'r' },
        } as const
        expect(await setAttributes(db, by, vo, [mine('m'), group, role])).toMatchObject({
          added: 3,
          changed: 0,
        })
        expect(await setAttributes(db, by, vo, [mine('n'), group])).toMatchObject({ added: 0, changed: 1 })
        expect(await listAttributes(db, { vo, limit: 10 })).toMatchObject([
          { scope: 'group', group: `/${vo}/a`, role: undefined, value: 'g' },
          { scope: 'member', member: id, name: 'nick', value: 'n' },
          { scope: 'role', group: `/${vo}/a`, role: 'r', value: 'r' },
        ])
        expect(await listAttributes(db, { member: id, limit: 10 })).toHaveLength(1)
        expect((await removeAttributes(db, by, vo, [group, role])).removed).toBe(2)
        await expect(removeAttributes(db, by, vo, [mine('n'), role])).rejects.toMatchObject({
          code: 'ADMIN_STATE',
        })
        expect(await listAttributes(db, { vo, limit: 10 })).toHaveLength(1)
      })

      it('may be unique to one member', async () => {
        const other = await member('o')
        await setAttributes(db, by, vo, [mine('x')])
        await expect(setAttributes(db, by, vo, [mine('x', other)])).rejects.toMatchObject({
          code: 'ADMIN_EXISTS',
          message: `members ${id}, ${other} would have one value of nick: x`,
        })
        // Changing hands within one change is fine.
        await setAttributes(db, by, vo, [mine('y'), mine('x', other)])
      })

      it('have classes that are renamed and removed with their values', async () => {
        await setAttributes(db, by, vo, [mine('x')])
        await renameAttributeClass(db, by, vo, 'nick', 'nickname')
        expect(await listAttributeClasses(db, vo)).toEqual([
          { vo, attribute: 'nickname', description: 'x', unique: true, values: 1 },
        ])
        await expect(setAttributes(db, by, vo, [mine('y')])).rejects.toMatchObject({
          message: `there is no attribute nick in VO ${vo}`,
          advice: expect.stringContaining('vouchd attribute class add'),
        })
        expect((await removeAttributeClass(db, by, vo, 'nickname')).gone).toEqual({ values: 1 })
        expect(await listAttributes(db, { vo, limit: 10 })).toEqual([])
      })

      it.each(['', 'a=b', 'a::b', 'a b', 'ä', 'x'.repeat(256), 'a\x00'])('are not called %j', async name => {
        await expect(addAttributeClass(db, by, vo, { name })).rejects.toMatchObject({ code: 'ADMIN_VALUE' })
      })

      it.each([
        ['with a line end', 'a\nb'],
        ['of 4097 octets', 'x'.repeat(4097)],
      ])('have no value %s', async (_name, value) => {
        await expect(setAttributes(db, by, vo, [mine(value)])).rejects.toMatchObject({ code: 'ADMIN_VALUE' })
      })
    })

    describe('the record of changes', () => {
      it('has who, what, before, after and why, in the transaction itself', async () => {
        const id = await member('m', { email: 'old@example.org' })
        await setMember(
          db,
          { actor: 'bob (by ada)', reason: 'ticket 2' },
          { member: id },
          { email: 'new@example.org' },
        )
        await removeMember(db, by, { member: id })
        const changes = await listChanges(db, { member: id, limit: 100 })
        expect(
          changes.map(({ actor, action, kind, about, reason }) => [actor, action, kind, about, reason]),
        ).toEqual([
          ['ada', 'insert', 'member', 'old@example.org', 'ticket 1'],
          ['ada', 'insert', 'certificate', '/C=IT/O=G/CN=m', 'ticket 1'],
          ['ada', 'insert', 'holding', `/${vo}`, 'ticket 1'],
          ['bob (by ada)', 'update', 'member', 'new@example.org', 'ticket 2'],
          ...changes.slice(4).map(({ kind, about }) => ['ada', 'delete', kind, about, 'ticket 1']),
        ])
        expect(
          changes
            .slice(4)
            .map(({ kind }) => kind)
            .sort(),
        ).toEqual(['certificate', 'holding', 'member'])
        expect(changes[3]).toMatchObject({
          vo,
          member: id,
          before: { email: 'old@example.org' },
          after: { email: 'new@example.org' },
        })
        const bySubject = await listChanges(db, { member: '/c=it/o=g/cn=M', vo, limit: 100 })
        expect(bySubject.map(change => change.id)).toEqual(
          expect.arrayContaining(changes.map(change => change.id)),
        )
      })

      it('is narrowed by VO, gone ones included, by time and by number', async () => {
        await addGroup(db, by, { path: `/${vo}/a` })
        await removeVo(db, by, vo)
        const changes = await listChanges(db, { vo, limit: 100 })
        expect(changes.map(({ action, kind }) => `${action} ${kind}`)).toEqual([
          'insert vo',
          'insert vo_group',
          'insert vo_group',
          ...changes.slice(3).map(({ kind }) => `delete ${kind}`),
        ])
        expect(changes.every(change => change.vo === vo)).toBe(true)
        expect(await listChanges(db, { vo, limit: 2 })).toEqual(changes.slice(-2))
        const future = new Date(changes.at(-1)!.at.getTime() + 1000)
        expect(await listChanges(db, { vo, since: future, limit: 100 })).toEqual([])
        await expect(listChanges(db, { vo: 'never.was', limit: 1 })).rejects.toMatchObject({
          code: 'ADMIN_NOT_FOUND',
        })
      })

      it('has nothing of a dry run', async () => {
        const before = await everything()
        const row = await addMembers(db, dry, vo, [{ certificate: names('m') }])
        expect(row.members).toHaveLength(1)
        await addGroup(db, dry, { path: `/${vo}/a` })
        await removeVo(db, dry, vo)
        expect(await everything()).toBe(before)
      })
    })

    it('two who administer one VO at once do not undo each other', async () => {
      const id = await member('a')
      const { id: second } = await addCertificate(db, by, { member: id }, names('b'))
      const [first] = await listCertificates(db, { member: id, limit: 1 })
      // Each of them alone may go, both together may not.
      const results = await Promise.allSettled([
        removeCertificate(db, by, { certificate: first!.id }),
        removeCertificate(db, by, { certificate: second }),
      ])
      expect(results.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(await listCertificates(db, { member: id, limit: 10 })).toHaveLength(1)
    })
  })
}
