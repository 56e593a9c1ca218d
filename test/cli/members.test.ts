import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { openStore } from '../../src/store/openStore.ts'
import { createCa } from '../pki/createCa.ts'
import { writeCertificateFile } from '../pki/credentialFiles.ts'
import { issueEec } from '../pki/issueEec.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { fillSampleVo } from '../store/sampleVo.ts'
import { NOW, runInProcess } from './runInProcess.ts'
import { DECADES, makeSite, type Site } from './siteFolder.ts'

let site: Site
let db: Database | undefined

beforeAll(async () => {
  site = makeSite()
  placeBlankDatabase(site.path('database'))
})
afterAll(async () => {
  await db?.close()
  site.remove()
})

const run = (...args: string[]) => runInProcess('--config', site.config, ...args)

describe('without a daemon', () => {
  it('asks for migrate first', async () => {
    const { code, err } = await run('member', 'list')
    expect(code).toBe(4)
    expect(err).toMatch(/^vouchd: the database holds no vouchd schema; run vouchd --config \S+ migrate\n$/)
  })

  it('migrates the embedded database, once', async () => {
    const first = await run('migrate')
    expect(first.code).toBe(0)
    expect(first.out).toMatch(/^applied 0001_directory\n(applied .*\n)*the schema is at version \d+\n$/)
    expect(existsSync(site.path('database'))).toBe(true)
    const again = JSON.parse((await run('migrate', '--json')).out)
    expect(again).toEqual({ applied: [], version: expect.any(Number), reader: null })
  })

  it('finds nobody in an empty database', async () => {
    expect((await run('member', 'list')).out).toBe('no members\n')
    expect((await run('member', 'list', '--json')).out).toBe('[\n\n]\n')
  })

  it('exits with 4 where the database cannot be had', async () => {
    site.configure('[store]\nkind = "postgres"\nhost = "127.0.0.1"\nport = 1\ntls = "off"\n')
    for (const command of [['migrate'], ['member', 'list'], ['explain', '--vo', 'vo.0', '--dn', '/CN=x']]) {
      const { code, out, err } = await run(...command)
      expect([code, out]).toEqual([4, ''])
      expect(err).toMatch(
        /^vouchd: database: .*; look whether the server runs, and correct store\.host \(127\.0\.0\.1\) and store\.port \(1\)\n$/,
      )
    }
    site.configure('[store]\nfolder = "database"')
  })
})

describe('beside a running daemon', () => {
  beforeAll(async () => {
    db = await openStore({ kind: 'embedded', folder: site.path('database') }, { mode: 'serve' })
    await fillSampleVo(db)
  })

  describe('member list', () => {
    it('shows members in columns', async () => {
      const { code, out } = await run('member', 'list', '--vo', 'vo.0')
      expect(out).toBe(`ID  VO    NAME        STATE             CERTIFICATES  HOLDINGS  SUBJECT
1   vo.0  Zero Test   partly suspended  2             5         /C=IT/O=Test/CN=test0
2   vo.0  One Test    active            1             1         /C=IT/O=Test/CN=test1
3   vo.0  Two Test    suspended         1             1         /C=IT/O=Test/CN=test2
4   vo.0  Three Test  active            1             0         /C=IT/O=Test/CN=(Parenthesis)
`)
      expect(code).toBe(0)
    })

    it('gives programs all of it', async () => {
      const members = JSON.parse((await run('member', 'list', '--json')).out)
      expect(members).toHaveLength(4)
      expect(members[2]).toMatchObject({ id: '3', suspended: true })
    })

    it('stops at --limit', async () => {
      expect(JSON.parse((await run('member', 'list', '-limit', '2', '-json')).out)).toHaveLength(2)
      expect((await run('member', 'list', '--limit', '0')).code).toBe(2)
    })
  })

  describe('member show', () => {
    it('shows a member by number', async () => {
      const { code, out } = await run('member', 'show', '1')
      expect(out.replace(/^since .*$/m, 'since')).toBe(`member    : 1 of vo.0
name      : Zero Test
e-mail    : test0@vo.example
outer id  : hr-0
since
until     : 2023-01-01 (not enforced in this VO)
certificates
  /C=IT/O=Test/CN=test0
    issued by /C=IT/O=Test/CN=CA
  /C=IT/O=Test/CN=test0 old
    issued by /C=IT/O=Test/CN=CA
    suspended: key lost
groups and roles
  /vo.0
  /vo.0/G1
  /vo.0/G1/Role=R1
  /vo.0/G2 (until 2030-01-01)
  /vo.0/optional (issued only on request)
attributes
  nickname = zero (own)
  quota = 10 (/vo.0/G1)
  quota = 20 (/vo.0/G1/Role=R1)
`)
      expect(code).toBe(0)
    })

    it('finds a member by a subject in another spelling', async () => {
      const [member] = JSON.parse((await run('member', 'show', '/c=it/o=Test/cn=TEST2', '--json')).out)
      expect(member).toMatchObject({ id: '3', suspension: { reason: 'left the experiment' } })
    })

    it.each(['99', 'nobody', '/CN=nobody', '1e3', '-1'])('exits with 1 for %s', async who => {
      const { code, err } = await run('member', 'show', '--', who)
      expect([code, err]).toEqual([1, `vouchd: there is no member ${who}\n`])
    })

    it('escapes what stands in the database', async () => {
      await db!.query(`update vouchd.member set surname = E'\\x1b[31mred' where id = 2`)
      for (const command of [['list'], ['show', '2']]) {
        const { out } = await run('member', ...command)
        expect(out).toContain('\\x1B[31mred')
        expect(out).not.toContain('\x1b')
      }
      await db!.query(`update vouchd.member set surname = 'Test' where id = 2`)
    })
  })

  describe('explain', () => {
    const CA = '/C=IT/O=Test/CN=CA'
    const explain = (cn: string, ...args: string[]) =>
      run('explain', '--vo', 'vo.0', '--dn', `/C=IT/O=Test/CN=${cn}`, '--issuer', CA, ...args)

    it('says who it is, what is issued in which order, and why', async () => {
      const { code, out } = await explain('test0', '--fqans', '/vo.0/G1/Role=R1', '--lifetime', '999999')
      expect(out).toBe(`certificate
  /C=IT/O=Test/CN=test0
  issued by /C=IT/O=Test/CN=CA
member
  1, VO vo.0
holds
  /vo.0
  /vo.0/G1
  /vo.0/G1/Role=R1
  /vo.0/G2 (until 2030-01-01 00:00:00 UTC)
  /vo.0/optional (only on request)
asked for
  commands B/vo.0/G1:R1
  lifetime 999999 s
issued, in this order
  1  /vo.0/G1/Role=R1/Capability=NULL    requested; the primary FQAN
  2  /vo.0/Role=NULL/Capability=NULL     every group is issued
  3  /vo.0/G1/Role=NULL/Capability=NULL  every group is issued
  4  /vo.0/G2/Role=NULL/Capability=NULL  every group is issued
attributes
  quota = 20 (/vo.0/G1/Role=R1)
  quota = 10 (/vo.0/G1)
  nickname = zero (vo.0)
lifetime
  86400 s (24:00:00)
warnings
  2: voms.example.org:15000: The validity of this VOMS AC in your proxy is shortened to 86400 seconds!
`)
      expect(code).toBe(0)
    })

    it('follows --order, and warns when it cannot', async () => {
      const { out } = await explain('test0', '--order', '/vo.0/G2')
      expect(out).toContain(
        '  1  /vo.0/G2/Role=NULL/Capability=NULL  every group is issued; the primary FQAN\n',
      )
      const other = await explain('test0', '--order', '/vo.0/none')
      expect(other.out).toContain('warnings\n  1: FQAN: /vo.0 is not the first selected!\n')
    })

    it('applies the subset rule', async () => {
      const { out } = await explain(
        'test0',
        '--fqans',
        'all',
        '--carried',
        '/vo.0/G2/Role=NULL/Capability=NULL',
      )
      expect(out).toContain('issued, in this order\n  1  /vo.0/G2/')
      expect(out).not.toContain('  2  ')
    })

    const refusals: [string, string, string[], string, string][] = [
      ['nobody', 'nobody', [], 'User unknown to this VO.', 'no certificate of this subject is registered'],
      [
        'a suspended member',
        'test2',
        [],
        'User is currently suspended!\n  Suspension reason: left the experiment (HTTP 403 SuspendedUser, 1004)',
        'member 3 is suspended: left the experiment',
      ],
      [
        'a suspended certificate',
        'test0 old',
        [],
        'Suspension reason: key lost',
        'member 1 is suspended: key lost',
      ],
      [
        'a role that is not held',
        'test1',
        ['--fqans', '/vo.0/G1/Role=R1'],
        'Unable to satisfy B/vo.0/G1:R1 request! (HTTP 400 BadRequest, 1001)',
        'the member does not hold /vo.0/G1/Role=R1',
      ],
      [
        'a member without holdings',
        '(Parenthesis)',
        [],
        'User unknown to this VO. (HTTP 403 NoSuchUser, 1001)',
        'the member does not hold /vo.0',
      ],
      [
        'what nobody can hold',
        'test1',
        ['--fqans', '/vo.0/(odd)'],
        'Unable to satisfy G/vo.0/(odd) request!',
        'is nothing that anybody can hold',
      ],
      [
        'nothing left by the subset rule',
        'test1',
        ['--carried', '/vo.0/G2'],
        'no valid VOMS attributes found',
        'none of what is asked for stands in it',
      ],
    ]
    it.each(refusals)('explains the refusal of %s', async (_name, cn, args, told, why) => {
      const { code, out } = await explain(cn, ...args)
      expect(code).toBe(1)
      expect(out.split('refused\n')[1]!.split('why\n')[0]).toContain(told)
      expect(out.split('why\n')[1]).toContain(why)
    })

    it('says so when the subject is registered under another issuer', async () => {
      const dn = '/C=IT/O=Test/CN=test1'
      const { out } = await run('explain', '--vo', 'vo.0', '--dn', dn, '--issuer', '/CN=Other')
      expect(out).toContain(`the subject is registered in vo.0, but under another issuer: ${CA}\n`)
      const bySubject = await run('explain', '--vo', 'vo.0', '--dn', dn)
      expect(bySubject.out).toContain('certificate\n  /C=IT/O=Test/CN=test1\n  by the subject alone\n')
      expect(bySubject.code).toBe(0)
    })

    it('says so when a holding has ended', async () => {
      const ended = new Date(NOW * 1000 - 1000).toISOString()
      await db!.query(
        `update vouchd.holding set ends_at = $1 where member_id = 1 and group_id = (select id from vouchd.vo_group where path = '/vo.0/G2')`,
        [ended],
      )
      const { code, out } = await explain('test0', '--fqans', '/vo.0/G2')
      expect(code).toBe(1)
      expect(out).toContain('  /vo.0/G2 (does not count: it ended at 2026-06-01 11:59:59 UTC)\n')
      expect(out).toContain('why\n  the member holds /vo.0/G2, but it ended at 2026-06-01 11:59:59 UTC\n')
    })

    it('takes the names from a certificate file', async () => {
      const ca = createCa({ subject: CA, ...DECADES })
      writeCertificateFile(
        site.path('user.pem'),
        issueEec(ca, { subject: '/C=IT/O=Test/CN=test1', ...DECADES }),
      )
      const { code, out } = await run('explain', '--vo', 'vo.0', '--cert', site.path('user.pem'), '--json')
      expect(code).toBe(0)
      expect(JSON.parse(out)).toMatchObject({
        vo: 'vo.0',
        subject: '/C=IT/O=Test/CN=test1',
        issuer: CA,
        lookup: { kind: 'member', member: { id: '2' } },
        kind: 'granted',
        resolution: { fqans: ['/vo.0/Role=NULL/Capability=NULL'], lifetimeSeconds: 86400 },
        warnings: [],
      })
    })

    it.each([
      [['--vo', 'vo.0'], 'name the certificate by --dn (and --issuer), or by --cert'],
      [['--vo', 'vo.0', '--dn', '/CN=a', '--cert', 'x'], 'name the certificate by --dn'],
      [['--vo', 'vo.0', '--dn', 'CN=a'], '--dn: '],
      [['--vo', 'other', '--dn', '/CN=a'], 'VO other is not configured'],
      [['--dn', '/CN=a'], "required option '--vo <name>' not specified"],
    ])('exits with 2 for %j', async (args, message) => {
      const { code, err } = await run('explain', ...args)
      expect(code).toBe(2)
      expect(err).toContain(message)
    })
  })

  it('check finds the database in order', async () => {
    const { out } = await run('check')
    expect(out).toContain(`database       ok  (embedded, ${site.path('database')})\n`)
  })

  it('check finds views that are not there', async () => {
    const more =
      '[store]\nfolder = "database"\n[directory]\nholdingsView = "site.members"\nversionQuery = "select nonsense"\n'
    site.configure(more)
    const { code, out } = await run('check')
    expect(code).toBe(1)
    expect(out).toContain('ERROR   directory.holdingsView site.members cannot be read: ')
    expect(out).toContain('ERROR   directory.versionQuery fails: ')
    site.configure('[store]\nfolder = "database"')
  })
})
