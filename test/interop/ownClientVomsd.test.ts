import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAcIndependently } from '../independent/readAc.ts'
import type { AcRequest } from './acRequest.ts'
import { interopCases, MAX_LIFETIME_SECONDS } from './cases.ts'
import type { Place } from './client.ts'
import { gridEnvironment } from './client.ts'
import { interopSuite } from './demand.ts'
import { VO, writeWorldDump } from './dump.ts'
import { longForm } from './expectIssued.ts'
import { type MariaDb, startMariaDb } from './mariadb.ts'
import { ownClients } from './ownClient.ts'
import { arcproxyInfo, vomsProxyInfo, vomsVerify } from './proxyTools.ts'
import { run, runOk } from './run.ts'
import { type AcServer, startVomsd } from './vomsd.ts'
import { createWorld, type World, writeVomses } from './world.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const PROGRAMS = [
  'openssl',
  'voms',
  'libvomsmysql.so',
  'mariadbd',
  'mariadb-install-db',
  'voms-proxy-init2',
  'voms-proxy-info2',
  'voms-proxy-info3',
  'voms-proxy-init3',
  'arcproxy',
  'voms-verify',
] as const

/** Those whose outcome vomsd and vouchd share to the last FQAN, and those that vomsd refuses likewise. */
const CASES = [
  'plain membership',
  'plain membership, PKCS#12',
  'all',
  'list',
  'shorter lifetime',
  'longer lifetime than allowed',
  '-limited',
  'from a proxy without AC',
  'unknown',
  'suspended',
  'role not held',
  'group not held',
]

/** What compare needs of a configuration. */
function configText(world: World): string {
  const text = JSON.stringify
  return `
[store]
folder = ${text(join(world.folder, 'database'))}
[audit]
folder = ${text(join(world.folder, 'audit'))}
[trust]
directory = ${text(world.trustDirectory)}
vomsdir = ${text(world.vomsdir)}
[[vo]]
name = ${text(VO)}
listen = ["127.0.0.1:0"]
uri = ${text(world.uri)}
maxLifetimeSeconds = ${MAX_LIFETIME_SECONDS}
hostCredentials = [{ certificate = ${text(world.host.certificate)}, key = ${text(world.host.key)} }]
`
}

interopSuite('vouchd proxy-init and compare against vomsd', PROGRAMS, () => {
  let world: World
  let database: MariaDb
  let vomsd: AcServer
  const [client] = ownClients

  beforeAll(async () => {
    world = await createWorld(VO)
    const dump = await writeWorldDump(world)
    database = await startMariaDb(world.folder, dump)
    vomsd = await startVomsd(world, database, { vo: VO, maxLifetimeSeconds: MAX_LIFETIME_SECONDS })
  })
  afterAll(async () => {
    await vomsd?.stop()
    await database?.stop()
    await world?.remove()
  })

  const newPlace = async (): Promise<Place> => ({
    ...{ world, port: vomsd.port, proxy: undefined },
    folder: await mkdtemp(join(world.folder, 'case-')),
  })

  describe('proxy-init', () => {
    for (const one of interopCases.filter(({ name }) => CASES.includes(name))) {
      it(one.name, async () => {
        const place = await newPlace()
        const request: AcRequest = { ...one.request }
        const from =
          request.from === undefined ? undefined : await client!.ask({ user: request.user, fqans: [] }, place)
        const answer = await client!.ask(request, { ...place, proxy: from?.proxyFile })
        const expected = one.expect
        if (expected.kind === 'refused') {
          expect(answer.output).toMatch(expected.error)
          expect(answer.code).toBe(1)
          return
        }
        expect(answer.code, answer.output).toBe(0)
        if (expected.kind === 'listed') {
          expect(answer.listed).toEqual(expected.fqans.map(longForm))
          return
        }
        const ac = await readAcIndependently(answer.acs[0]!)
        // Those after the first come in an order that only vomsd has.
        expect(ac.fqans[0]).toBe(longForm(expected.fqans[0]!))
        expect([...ac.fqans].sort()).toEqual(expected.fqans.map(longForm).sort())
        expect(ac.signatureValid).toBe(true)
        if (expected.warning !== undefined) expect(answer.output).toMatch(expected.warning)
      })
    }

    it('its proxies are taken by every other tool', async () => {
      const place = await newPlace()
      const { proxyFile } = await client!.ask({ user: 'test0', fqans: ['/vo.0/G1/Role=R1'] }, place)
      for (const report of [
        await vomsProxyInfo('voms-proxy-info2', proxyFile!, place),
        await vomsProxyInfo('voms-proxy-info3', proxyFile!, place),
        await arcproxyInfo(proxyFile!, place),
      ]) {
        expect(report.finished).toMatchObject({ code: 0 })
        expect(report.fqans[0]).toBe('/vo.0/G1/Role=R1')
        expect(report.uri).toBe(world.uri)
      }
      expect(await vomsVerify(proxyFile!, place)).toMatchObject({ code: 0 })
      const vomses = await writeVomses(world, 'onward', VO, vomsd.port)
      const separate = join(place.folder, 'separate')
      const cpp = await run(
        'voms-proxy-init2',
        [
          ...['-noregen', '-cert', proxyFile!, '-key', proxyFile!, '-vomses', vomses, '-voms', VO],
          ...['-out', join(place.folder, 'onward2'), '-separate', separate],
        ],
        { env: gridEnvironment(place), cwd: place.folder },
      )
      expect(cpp, cpp.stdout + cpp.stderr).toMatchObject({ code: 0 })
      const java = await run(
        'voms-proxy-init3',
        [
          ...['--noregen', '--vomses', vomses, '--voms', VO, '--out', join(place.folder, 'onward3')],
          ...['--vomsdir', world.vomsdir, '--certdir', world.trustDirectory, '--enable_legacy_protocol'],
        ],
        { env: gridEnvironment(place, { X509_USER_PROXY: proxyFile! }), cwd: place.folder },
      )
      expect(java, java.stdout + java.stderr).toMatchObject({ code: 0 })
    })
  })

  it('compare finds what is known to differ, and nothing else', async () => {
    const config = join(world.folder, 'vouchd.toml')
    await writeFile(config, configText(world))
    const vouchd = (...args: string[]) => [MAIN, '--config', config, ...args]
    await runOk(process.execPath, vouchd('migrate'))
    const dump = await writeWorldDump(world)
    await runOk(process.execPath, vouchd('import', 'voms-admin', dump, '--vo', VO))
    const users = ['test0', 'test1', 'test2', 'test3', 'longNames', 'revoked'] as const
    const { code, stdout, stderr } = await run(
      process.execPath,
      vouchd(
        ...['compare', '--vo', VO, '--against', `localhost:${vomsd.port}`, '--json', '--show', '1000'],
        ...users.flatMap(name => ['--cert', world.users[name].certificate, '--key', world.users[name].key]),
      ),
    )
    expect(code, stderr).toBe(1)
    const { differences, certificates } = JSON.parse(stdout) as {
      certificates: number
      differences: { class: string; subject: string; request: string; ours: string }[]
    }
    expect(certificates).toBe(users.length)
    const classes = (subject: string) => [
      ...new Set(differences.filter(one => one.subject.endsWith(subject)).map(one => one.class)),
    ]
    // Roles in every group are ordered, and the groups after the first are.
    expect(classes('/CN=test0').sort()).toEqual(['order', 'primary', 'warnings'])
    const unordered = differences.filter(one => one.class === 'primary' || one.class === 'warnings')
    expect(unordered.every(one => /fqans=\/Role=/.test(one.request))).toBe(true)
    expect(classes('/CN=test2')).toEqual([])
    expect(classes('/CN=test3')).toEqual([])
    expect(classes('/CN=revoked').sort()).toEqual(['reason', 'refusal'])
    expect(
      differences
        .map(one => one.class)
        .filter(name => ['fqans', 'attributes', 'lifetime', 'failed'].includes(name)),
    ).toEqual([])
  }, 120_000)
})
