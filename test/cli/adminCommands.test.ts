import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/runCli.ts'
import type { Database } from '../../src/store/database.ts'
import { openStore } from '../../src/store/openStore.ts'
import { writeCertificateFile } from '../pki/credentialFiles.ts'
import { issueEec } from '../pki/issueEec.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { NOW, runInProcess } from './runInProcess.ts'
import { DECADES, makeSite, type Site } from './siteFolder.ts'

let site: Site
let db: Database

// Beside a daemon's database, which its owner process has; without one is proven by the last test.
beforeAll(async () => {
  site = makeSite()
  placeBlankDatabase(site.path('database'))
  await runInProcess('--config', site.config, 'migrate')
  db = await openStore({ kind: 'embedded', folder: site.path('database') }, { mode: 'serve' })
})
afterAll(async () => {
  await db?.close()
  site.remove()
})

const run = (...args: string[]) => runInProcess('--config', site.config, ...args)

/** Runs what has to succeed without a message, and gives what it printed. */
async function did(...args: string[]): Promise<string> {
  const { code, out, err } = await run(...args)
  expect({ code, err }, `${args.join(' ')}: ${out}`).toEqual({ code: 0, err: '' })
  return out
}

/** The same at a terminal where somebody answers. */
async function answering(answer: boolean, ...args: string[]) {
  const out: string[] = []
  const asked: string[] = []
  const code = await runCli(['--config', site.config, ...args], {
    out: text => out.push(text),
    err: text => out.push(text),
    clock: { now: () => NOW },
    stopped: () => new Promise(() => {}),
    onHangup: () => {},
    operator: 'tester',
    confirm: question => {
      asked.push(question)
      return Promise.resolve(answer)
    },
    user: { env: {}, home: '/nonexistent', uid: 4711 },
    askSecret: () => Promise.reject(new Error('no terminal in tests')),
    readLine: () => Promise.resolve(''),
  })
  return { code, out: out.join(''), asked }
}

const CA = '/C=IT/O=G/CN=CA'

describe('a small VO', () => {
  it('is made, with groups, roles and attributes', async () => {
    expect(await did('vo', 'list')).toBe('no VOs\n')
    expect(await did('vo', 'add', 'vo.0', '--description', 'small')).toBe(
      'added VO vo.0, with its root group /vo.0\n',
    )
    expect(await did('group', 'add', '/vo.0/physics/higgs', '--parents')).toBe(
      'added group /vo.0/physics\nadded group /vo.0/physics/higgs\n',
    )
    expect(await did('role', 'add', 'production')).toBe('added role production to VO vo.0\n')
    expect(await did('attribute', 'class', 'add', 'nickname', '--unique')).toBe(
      'attribute nickname may be set in VO vo.0\n',
    )
    expect(await did('vo', 'show', 'vo.0')).toMatch(/^holds +: 3 groups, 1 role$/m)
  })

  it('takes members from their certificate files', async () => {
    const ada = issueEec(site.ca, { subject: '/C=IT/O=G/CN=Ada', ...DECADES })
    writeCertificateFile(site.path('ada.pem'), ada)
    expect(
      await did(
        ...['member', 'add', '--cert', site.path('ada.pem'), '--given-name', 'Ada', '--surname', 'L'],
        ...['--email', 'ada@example.org', '--group', '/vo.0/physics/Role=production'],
      ),
    ).toBe(
      'added member 1 to VO vo.0: /C=IT/O=G/CN=Ada; holds /vo.0, /vo.0/physics, /vo.0/physics/Role=production\n',
    )
    // A proxy stands for the certificate behind it.
    const bob = issueEec(site.ca, { subject: '/C=IT/O=G/CN=Bob', ...DECADES })
    writeCertificateFile(site.path('proxy.pem'), issueProxy(bob, DECADES), [bob])
    expect(await did('member', 'add', '--cert', site.path('proxy.pem'))).toContain('/C=IT/O=G/CN=Bob;')
    writeCertificateFile(site.path('ca.pem'), site.ca)
    const { code, err } = await run('member', 'add', '--cert', site.path('ca.pem'))
    expect([code, err]).toEqual([
      1,
      `vouchd: ${site.path('ca.pem')} holds no certificate of a user; name the file that does\n`,
    ])
    const old = issueEec(site.ca, {
      subject: '/C=IT/O=G/CN=Old',
      from: '2020-01-01T00:00:00Z',
      until: '2021-01-01T00:00:00Z',
    })
    writeCertificateFile(site.path('old.pem'), old)
    expect((await run('member', 'add', '--cert', site.path('old.pem'), '--dry-run')).err).toMatch(
      /^vouchd: note: .*old\.pem expired at 2021-01-01 00:00:00 UTC\n$/,
    )
  })

  it('gives and takes groups, roles and attributes', async () => {
    expect(
      await did(
        'member',
        'join',
        '2',
        '/vo.0/physics/higgs',
        '--role',
        'production',
        '--until',
        '2030-01-31',
      ),
    ).toBe('member 2 holds /vo.0/physics, /vo.0/physics/higgs, /vo.0/physics/higgs/Role=production\n')
    expect(await did('member', 'join', '2', '/vo.0/physics/higgs')).toBe(
      'member 2 holds /vo.0/physics/higgs already\n',
    )
    expect(await did('member', 'leave', '2', '/vo.0/physics/higgs', '--role', 'production')).toBe(
      'member 2 no longer holds /vo.0/physics/higgs/Role=production\n',
    )
    expect(await did('attribute', 'set', 'nickname', 'ada', '--member', 'ada@example.org')).toBe(
      'added 1 attribute in VO vo.0\n',
    )
    expect(await did('attribute', 'list')).toBe(
      'VO    OF        ATTRIBUTE  VALUE\nvo.0  member 1  nickname   ada\n',
    )
    expect(await did('attribute', 'remove', 'nickname', '--member', '1')).toBe(
      'removed 1 attribute in VO vo.0\n',
    )
    expect(await did('group', 'show', '/vo.0/physics/higgs')).toContain(
      '\n2       -     active  -     /C=IT/O=G/CN=Bob',
    )
  })

  it('suspends and restores', async () => {
    expect((await run('member', 'suspend', '2')).code).toBe(2)
    expect(await did('member', 'suspend', '2', '--reason', 'left')).toBe(
      'suspended member 2 of VO vo.0, with 1 certificate\n',
    )
    expect(await did('cert', 'add', '2', '--dn', '/C=IT/O=G/CN=Bob 2', '--issuer', CA)).toContain(
      '\nit is suspended, as the member is\n',
    )
    expect(await did('member', 'restore', '2')).toBe('restored member 2 of VO vo.0, with 2 certificates\n')
    expect(await did('cert', 'suspend', '/C=IT/O=G/CN=Bob 2', '--reason', 'key lost')).toContain(
      'suspended certificate 4',
    )
    expect(await did('cert', 'list', '2')).toContain('suspended: key lost')
    expect(await did('cert', 'restore', '4')).toContain('restored certificate 4')
  })

  it('keeps a record with who typed it and who decided it', async () => {
    await did('member', 'set', '1', '--phone', '1', '--reason', 'ticket 7', '--as', 'Grace')
    const out = await did('changes', '--member', '1', '--limit', '1')
    expect(out).toMatch(
      /^TIME \(UTC\) .*\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}Grace \(by tester\) {2}vo\.0 {2}1 {7}changed member Ada L: phone none -> 1 {2}ticket 7\n$/,
    )
    const [change] = JSON.parse(await did('changes', '--member', '1', '--limit', '1', '--json'))
    expect(change).toMatchObject({
      actor: 'Grace (by tester)',
      reason: 'ticket 7',
      action: 'update',
      kind: 'member',
      before: { phone: null },
      after: { phone: '1' },
    })
    expect(await did('changes', '--since', '2999-01-01')).toBe('no changes\n')
    for (const since of ['never', 'soon', '7w']) {
      expect((await run('changes', '--since', since)).code, since).toBe(2)
    }
  })
})

describe('--json and --dry-run', () => {
  it('say the same to programs, and change nothing', async () => {
    expect(JSON.parse(await did('group', 'add', '/vo.0/x', '--json', '--dry-run'))).toEqual({
      dryRun: true,
      added: ['/vo.0/x'],
    })
    expect(await did('group', 'add', '/vo.0/x', '--dry-run')).toBe(
      'dry run, nothing was changed; it would be:\nadded group /vo.0/x\n',
    )
    expect(await did('group', 'list')).not.toContain('/vo.0/x')
  })

  it.each([
    [['vo', 'list']],
    [['vo', 'show', 'vo.0']],
    [['cert', 'list']],
    [['group', 'list']],
    [['group', 'show', '/vo.0']],
    [['role', 'list']],
    [['attribute', 'list']],
    [['attribute', 'class', 'list']],
    [['changes']],
  ])('%j prints JSON', async command => {
    expect(JSON.parse(await did(...command, '--json'))).toBeTypeOf('object')
  })
})

describe('what removes', () => {
  it('says what goes along, and wants --yes where nobody can be asked', async () => {
    const { code, err } = await run('group', 'remove', '/vo.0/physics')
    expect([code, err]).toEqual([
      1,
      'vouchd: group /vo.0/physics goes, with 1 subgroup, 4 memberships; say --yes to do it\n',
    ])
    expect((await run('member', 'leave', '2', '/vo.0')).err).toBe(
      'vouchd: member 2 loses /vo.0, /vo.0/physics, /vo.0/physics/higgs; say --yes to do it\n',
    )
    expect(await did('group', 'list')).toContain('/vo.0/physics/higgs')
  })

  it('asks at a terminal, and takes only a yes', async () => {
    const no = await answering(false, 'member', 'remove', '2')
    expect(no).toEqual({
      code: 1,
      out: 'vouchd: nothing was changed\n',
      asked: ['member 2 of VO vo.0 goes, with 2 certificates, 3 memberships. Do it? [y/N] '],
    })
    expect((await answering(true, 'member', 'remove', '2')).out).toBe(
      'removed member 2 of VO vo.0, with 2 certificates, 3 memberships\n',
    )
    expect((await run('member', 'remove', '2', '--yes')).err).toContain('there is no member 2')
  })

  it('removes when told so', async () => {
    expect(await did('role', 'remove', 'production', '--yes')).toBe(
      'removed role production of VO vo.0, with 1 holding\n',
    )
    expect(await did('attribute', 'class', 'remove', 'nickname', '--yes')).toContain('with no values')
    expect(await did('group', 'rename', '/vo.0/physics', '/vo.0/analysis')).toBe(
      'renamed group /vo.0/physics to /vo.0/analysis, with 1 below it\n',
    )
  })
})

describe('many rows from a file', () => {
  it('are checked all, and every fault has its line', async () => {
    writeFileSync(
      site.path('bad.csv'),
      'subject,issuer,email,groups\n/C=IT/O=G/CN=Ada,/C=IT/O=G/CN=CA,,\nx,/C=IT/O=G/CN=CA,,\n/C=IT/O=G/CN=n,/C=IT/O=G/CN=CA,no,/vo.0/none\n',
    )
    const { code, out, err } = await run('member', 'add', '--from', site.path('bad.csv'))
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe(
      'line 2: the certificate /C=IT/O=G/CN=Ada belongs to member 1 already; vouchd member show 1 tells more\n' +
        'line 3: the subject "x" is no DN in slash form; write it as /C=IT/O=G/CN=name, or name a certificate file\n' +
        'line 4: "no" is no e-mail address; write it as name@example.org\n' +
        'line 4: there is no group /vo.0/none; vouchd group list prints them; vouchd group add makes one\n' +
        'vouchd: 4 faults in the rows; correct them and try again\n',
    )
    const json = await run('member', 'add', '--from', site.path('bad.csv'), '--json')
    expect(JSON.parse(json.out).faults).toHaveLength(4)
  })

  it('tell of the first fifty faults, and how many more there are', async () => {
    writeFileSync(site.path('worse.csv'), `member,group\n${'0,/vo.0\n'.repeat(60)}`)
    const { err } = await run('member', 'join', '--from', site.path('worse.csv'))
    expect(err.split('\n')).toHaveLength(53)
    expect(err).toContain('\n... and 10 more (--json shows all)\n')
  })

  it('are members, their groups and their attributes', async () => {
    const members = Array.from({ length: 30 }, (_, n) => ({
      subject: `/C=IT/O=G/CN=User ${n}`,
      issuer: CA,
      givenName: `U${n}`,
      groups: n === 0 ? ['/vo.0/analysis'] : [],
    }))
    writeFileSync(site.path('members.json'), JSON.stringify(members))
    const out = await did('member', 'add', '--from', site.path('members.json'))
    expect(out).toContain('added 30 members to VO vo.0\n')
    expect(out).toContain('\n  ... and 10 more (--json shows all)\n')
    writeFileSync(
      site.path('join.csv'),
      'member,group,until\n/C=IT/O=G/CN=User 0,/vo.0/analysis/higgs,2030-01-31\n/C=IT/O=G/CN=User 1,/vo.0/analysis,\n',
    )
    expect(await did('member', 'join', '--from', site.path('join.csv'))).toContain(
      '2 rows, 2 of them changed something\n',
    )
    expect(await did('member', 'join', '--from', site.path('join.csv'))).toContain(
      '2 rows, 0 of them changed something\n',
    )
    writeFileSync(site.path('leave.csv'), 'member,group\n/C=IT/O=G/CN=User 0,/vo.0/analysis\n')
    expect((await run('member', 'leave', '--from', site.path('leave.csv'))).err).toContain('say --yes')
    expect(await did('member', 'leave', '--from', site.path('leave.csv'), '--yes')).toMatch(
      /no longer holds \/vo\.0\/analysis, \/vo\.0\/analysis\/higgs\n$/,
    )
    await did('attribute', 'class', 'add', 'nickname')
    writeFileSync(
      site.path('nick.csv'),
      'name,value,member\nnickname,a,/C=IT/O=G/CN=User 0\nnickname,b,/C=IT/O=G/CN=User 1\n',
    )
    expect(await did('attribute', 'set', '--from', site.path('nick.csv'))).toBe(
      'added 2 attributes in VO vo.0\n',
    )
    writeFileSync(
      site.path('unnick.csv'),
      'name,member\nnickname,/C=IT/O=G/CN=User 0\nnickname,/C=IT/O=G/CN=User 1\n',
    )
    expect(await did('attribute', 'remove', '--from', site.path('unnick.csv'), '--yes')).toBe(
      'removed 2 attributes in VO vo.0\n',
    )
  })
})

describe('arguments', () => {
  it.each([
    [['member', 'add'], 'name the certificate by --dn and --issuer, or by --cert'],
    [
      ['member', 'add', '--dn', '/CN=a', '--issuer', 'x'],
      '--dn, --issuer: the issuer "x" is no DN in slash form',
    ],
    [['member', 'add', '--cert', 'x', '--from', 'y'], '--cert says nothing beside --from'],
    [['member', 'add', '--given-name', 'x', '--from', 'y'], '--given-name says nothing beside --from'],
    [['member', 'join', '1'], 'name a member and a group, or --from FILE'],
    [['member', 'join', '1', '/vo.0', '--from', 'x'], 'name a member and a group, or --from FILE, not both'],
    [['member', 'join', '1', '/vo.0', '--until', 'soon'], '--until: "soon" is no date'],
    [['member', 'set', '1'], 'say what to change'],
    [['vo', 'set', 'vo.0'], 'say what to change'],
    [['vo', 'set', 'vo.0', '--enforce-end-dates', 'maybe'], 'write yes or no.'],
    [['group', 'set', '/vo.0'], 'say what to change'],
    [['cert', 'suspend', '1'], 'say why with --reason'],
    [['attribute', 'set', 'nickname'], 'name an attribute and its value'],
    [['attribute', 'set', 'nickname', 'x'], 'say whose attribute'],
    [['attribute', 'set', 'nickname', 'x', '--member', '1', '--role', 'r'], 'say whose attribute'],
    [['cert', 'list', '--limit', '0'], 'write a whole number above 0.'],
  ])('%j are wrong', async (args, message) => {
    const { code, err } = await run(...args)
    expect(err).toContain(message)
    expect(code).toBe(2)
  })

  it.each([
    [
      ['vo', 'show', 'none'],
      'there is no VO none in the database; there are: vo.0; or make it: vouchd --config ',
    ],
    [['group', 'add', '/none/x'], 'there is no VO none in the database; '],
    [['group', 'add', '/vo.0/\x1b[31m'], '"/vo.0/\\x1B[31m" is no path of a group; '],
    [
      ['role', 'add', "r'; drop table vouchd.role; --"],
      '"r\'; drop table vouchd.role; --" is no name of a role; ',
    ],
    [['role', 'add', 'r'.repeat(5000)], `"${'r'.repeat(120)}... (5000 characters)" is no name of a role; `],
    [['member', 'set', "1' or '1'='1", '--phone', '1'], "there is no member 1' or '1'='1; "],
    [['role', 'add', 'x', '--reason', 'a\nb'], 'the text holds a control character; leave it out'],
    [['member', 'add', '--from', '/nonexistent.csv'], '/nonexistent.csv does not exist; check its name'],
  ])('%j are refused', async (args, message) => {
    const { code, err } = await run(...args)
    expect(err).toContain(`vouchd: ${message}`)
    expect(err).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
    expect(code).toBe(1)
  })

  it('name the VO where the configuration has several', async () => {
    site.configure(
      '[store]\nfolder = "database"',
      '[[vo]]\nname = "vo.1"\nlisten = ["127.0.0.1:0"]\nuri = "voms.example.org:15001"\n',
    )
    const { code, err } = await run('role', 'add', 'x')
    expect([code, err]).toEqual([2, 'vouchd: name the VO with --vo; the configuration has: vo.0, vo.1\n'])
    expect(await did('role', 'add', 'x', '--vo', 'vo.0')).toBe('added role x to VO vo.0\n')
    site.configure('[store]\nfolder = "database"')
  })
})

it('a VO that the configuration does not have is made with a note', async () => {
  const { code, err } = await run('vo', 'add', 'vo.9')
  expect([code, err]).toEqual([
    0,
    'vouchd: note: VO vo.9 is not in the configuration, so it is not served yet\n',
  ])
})

it('all of it works without a daemon, too', async () => {
  await db.close()
  expect(await did('vo', 'remove', 'vo.9', '--yes')).toBe('removed VO vo.9, with 1 group\n')
})
