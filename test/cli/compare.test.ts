import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Daemon, startDaemon, userNamed } from '../e2e/daemon.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import { type CliRun, NOW, runInProcess } from './runInProcess.ts'

let daemon: Daemon
const path = (name: string) => join(daemon.folder, name)

beforeAll(async () => {
  daemon = await startDaemon()
  daemon.clock.now = NOW
  for (const name of ['test0', 'test2', 'stranger']) {
    const user = userNamed(name)
    writeCertificateFile(path(`${name}.pem`), user)
    writeKeyFile(path(`${name}.key`), user)
  }
  configure('')
})
afterAll(() => daemon?.stop())

/** A configuration over the daemon's own database; `vo` stands in [[vo]]. */
function configure(vo: string): void {
  writeFileSync(
    path('vouchd.toml'),
    `[store]
folder = "database"
[audit]
folder = "audit"
[trust]
directory = "certificates"
vomsdir = "vomsdir"
[[vo]]
name = "vo.0"
listen = ["127.0.0.1:0"]
uri = "voms.example.org:15000"
hostCredentials = [ { certificate = "host.pem", key = "host.key" } ]
${vo}`,
  )
}

const compare = (...args: string[]): Promise<CliRun> =>
  runInProcess('--config', path('vouchd.toml'), 'compare', '--vo', 'vo.0', ...args)
const against = (name: string, ...args: string[]) =>
  compare(
    ...['--against', `127.0.0.1:${daemon.port()}`, '--skip-hostname-checks'],
    ...['--cert', path(`${name}.pem`), '--key', path(`${name}.key`), ...args],
  )

describe('against a running server', () => {
  it('finds no difference to a vouchd over the same database, in either protocol', async () => {
    for (const protocol of ['rest', 'legacy']) {
      const run = await against('test0', '--protocol', protocol)
      expect(run).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^compared: 1 certificates, \d+ requests\nno difference\n$/),
      })
    }
  })

  it('asks for strangers and suspended members, too', async () => {
    const more = ['--cert', path('test2.pem'), '--key', path('test2.key'), '--json']
    const run = await against('stranger', ...more)
    expect(JSON.parse(run.out)).toMatchObject({ certificates: 2, requests: 4, differs: false, counts: {} })
  })

  it('tells what differs, by class', async () => {
    configure('fqanForm = "short"\nmaxLifetimeSeconds = 1800')
    const run = await against('test0', '--request', 'fqans=/vo.0&lifetime=3600', '--json')
    configure('')
    expect(run.code).toBe(1)
    const whose = {
      subject: '/C=IT/O=Test/CN=test0',
      issuer: '/C=IT/O=Test/CN=CA',
      request: 'fqans=/vo.0&lifetime=3600',
    }
    expect(JSON.parse(run.out)).toMatchObject({
      ours: 'vouchd',
      theirs: `127.0.0.1:${daemon.port()}`,
      counts: { lifetime: 1, warnings: 1, form: 1 },
      differences: [
        { class: 'lifetime', ours: '1800 s', theirs: '3600 s', ...whose },
        { class: 'warnings', ours: '2', theirs: '', ...whose },
        { class: 'form', ours: 'short', theirs: 'long', ...whose },
      ],
    })
  })

  it('judges the certificate as the daemon would', async () => {
    writeFileSync(
      path('empty.toml'),
      readFileSync(path('vouchd.toml'), 'utf8').replace('"certificates"', '"nowhere"'),
    )
    const run = await runInProcess(
      ...['--config', path('empty.toml'), 'compare', '--vo', 'vo.0', '--certdir', path('certificates')],
      ...[
        '--against',
        `127.0.0.1:${daemon.port()}`,
        '--skip-hostname-checks',
        '--request',
        'fqans=/vo.0&lifetime=60',
      ],
      ...['--cert', path('test0.pem'), '--key', path('test0.key')],
    )
    expect(run).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^refusal +\/C=IT.*\n.*\n +vouchd +refused: .*was not accepted.*\n.*granted: \/vo\.0/,
      ),
    })
  })

  it('tells of a server that does not answer', async () => {
    const run = await compare(
      '--against',
      '127.0.0.1:1',
      '--cert',
      path('test0.pem'),
      '--key',
      path('test0.key'),
      '--request',
      'fqans=/vo.0',
    )
    expect(run).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^failed .*\n.*\n.*\n.*nothing listens on port 1/),
    })
    expect(
      (
        await compare(
          '--against',
          '127.0.0.1:1',
          '--cert',
          path('test0.pem'),
          '--key',
          path('test0.key'),
          '--ignore',
          'failed',
        )
      ).code,
    ).toBe(0)
  })
})

describe('in the shadow', () => {
  it('shows who gets something else by other rules', async () => {
    const run = await compare('--with', 'iam', '--json')
    expect(run.code).toBe(1)
    const { ours, theirs, counts, differences } = JSON.parse(run.out)
    expect([ours, theirs]).toEqual(["the VO's rules", 'rules of iam'])
    expect(counts.attributes).toBeGreaterThan(0)
    expect(differences).toContainEqual(
      expect.objectContaining({
        class: 'refusal',
        subject: '/C=IT/O=Test/CN=test0',
        request: 'fqans=all&lifetime=3600',
      }),
    )
    expect((await compare('--with', 'vomsd')).code).toBe(0)
    expect((await compare('--with', 'iam', '--mode', 'iam')).code).toBe(0)
  })

  it('shows no more than --show, and says so', async () => {
    const { out } = await compare('--with', 'iam', '--show', '1')
    expect(out.match(/^ {2}request /gm)).toHaveLength(1)
    expect(out).toMatch(/\.\.\. and \d+ more; --show \d+ shows all\n/)
  })

  it('compares with what was before', async () => {
    const file = path('before.jsonl')
    expect(await compare('--export', file)).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining(`certificates in ${file}`),
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await compare('--against-file', file)).toMatchObject({
      code: 0,
      out: expect.stringContaining('no difference'),
    })

    const db = await daemon.database()
    await db.query(`update vouchd.member set suspended = true where source_id = '1'`)
    await db.query(`insert into vouchd.holding (vo_id, member_id, group_id, role_id)
      select m.vo_id, m.id, g.id, r.id from vouchd.member m, vouchd.vo_group g, vouchd.role r
      where m.source_id = '0' and g.path = '/vo.0/G1' and r.name = 'R2'`)
    await db.query(`delete from vouchd.certificate where subject = '/C=IT/O=Test/CN=(Parenthesis)'`)
    await db.close()

    const run = await compare('--against-file', file, '--json')
    expect(run.code).toBe(1)
    const { differences } = JSON.parse(run.out)
    const of = (subject: string) =>
      differences
        .filter((one: { subject: string }) => one.subject === `/C=IT/O=Test/CN=${subject}`)
        .map(
          (one: { class: string; ours: string; theirs: string }) =>
            `${one.class}: ${one.ours} | ${one.theirs}`,
        )
    expect(of('test0')).toContain('fqans: /vo.0/G1/Role=R2 | ')
    expect(of('test1')).toContain(
      'refusal: refused: User is currently suspended!\nSuspension reason: Reason unknown | granted: /vo.0',
    )
    expect(of('(Parenthesis)')).toEqual(['certificate: does not | knows the certificate'])
  })

  it('writes an export over the one that it is compared with only when it is whole', async () => {
    const file = path('twice.jsonl')
    await compare('--export', file)
    expect(await compare('--export', file, '--against-file', file)).toMatchObject({ code: 0 })
    writeFileSync(file, 'damaged\n')
    expect(await compare('--export', file, '--against-file', file)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/twice\.jsonl line 1 is no JSON object/),
    })
    expect(readFileSync(file, 'utf8')).toBe('damaged\n')
    expect(readdirSync(daemon.folder).filter(name => name.includes('unfinished'))).toEqual([])
    expect(existsSync(file)).toBe(true)
  })
})

it.each<[string, string[], RegExp]>([
  ['nothing to compare with', [], /name what to compare with/],
  ['a server and rules', ['--against', 'h:1', '--cert', 'c', '--with', 'iam'], /work without one/],
  ['a server without a certificate', ['--against', 'h:1'], /needs a certificate/],
  ['a server without a port', ['--against', 'h', '--cert', 'c'], /is not HOST:PORT/],
  ['a certificate without a server', ['--cert', 'c', '--with', 'iam'], /belongs to --against/],
  ['an unknown class', ['--with', 'iam', '--ignore', 'toString'], /There is no class toString/],
])('refuses %s', async (_name, args, message) => {
  expect(await compare(...args)).toMatchObject({ code: 2, err: expect.stringMatching(message) })
})
