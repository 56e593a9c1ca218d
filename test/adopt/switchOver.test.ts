import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askLegacy, type LegacyRequest } from '../differential/legacyClient.ts'
import { type Outcome, outcomeOf } from '../differential/outcome.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import { interopSuite } from '../interop/demand.ts'
import { VO, writeWorldDump } from '../interop/dump.ts'
import { longForm } from '../interop/expectIssued.ts'
import { type MariaDb, startMariaDb } from '../interop/mariadb.ts'
import { programPath } from '../interop/programs.ts'
import { type Finished, run, runOk } from '../interop/run.ts'
import { type VomsConfFile, writeVomsConf } from '../interop/vomsConf.ts'
import { vomsProxyInit2Clients } from '../interop/vomsProxyInit2.ts'
import { createWorld, type UserName, type World } from '../interop/world.ts'
import { type Asked, askSteadily, type SteadyClient } from './askSteadily.ts'

const PROGRAMS = [
  ...(['openssl', 'voms', 'libvomsmysql.so', 'mariadbd', 'mariadb-install-db'] as const),
  ...(['voms-proxy-init2', 'voms-proxy-info2', 'voms-verify'] as const),
]
const SCRIPT = join(import.meta.dirname, '../../config/switch-over.sh')
const VOUCHD = join(import.meta.dirname, '../../bin/vouchd')

/** What the users of the trial ask for, each second. */
const REQUESTS = [
  { user: 'test0', command: 'B/vo.0/G1:R1', outcomes: ['issued'] },
  // Until he is suspended.
  { user: 'test1', command: 'G/vo.0/G2', outcomes: ['issued', 'refused'] },
  // A role that he does not hold, until he does.
  { user: 'test0', command: 'B/vo.0/G1:R2', outcomes: ['refused', 'issued'] },
] as const

/** Longer than an answer takes on any machine. */
const PATIENCE_MS = 120_000

interface Trial {
  readonly world: World
  readonly database: MariaDb
  readonly conf: VomsConfFile
  /** Lines of a service that is stopped: when it began to. */
  readonly stops: string
  readonly env: NodeJS.ProcessEnv
  readonly daemonLog: string
}

/**
 * What the service manager does for the operator: starts vomsd and vouchd, both from the file that vomsd has, as
 * daemons, and stops them by their number. Each stop leaves its moment in a file.
 */
async function writeServices(world: World, conf: VomsConfFile): Promise<Omit<Trial, 'database'>> {
  const path = (name: string) => join(world.folder, name)
  const toml = path('vouchd.toml')
  await writeFile(
    toml,
    `[log]\nlevel = "debug"\n[store]\nfolder = "database"\n[audit]\nfolder = "audit"\n[trust]\nvomsdir = "vomsdir"\n` +
      `[observe]\nlisten = []\n[processes]\nworkers = 1\ncontrolSocket = "control.sock"\n`,
  )
  const vouchd = `${VOUCHD} --config ${toml} --voms-conf ${conf.file}`
  const stops = path('stops')
  const stop = (pid: string) => `date +%s%3N >> ${stops}
pid=$(${pid}); kill "$pid"
# A process that has ended may wait for somebody to ask for its exit code.
while grep -qs '^State:.[^Z]' /proc/"$pid"/status; do sleep 0.1; done`
  const services = {
    // It is in the background before it listens.
    'start-vomsd': `${programPath('voms')} --conf ${conf.file} </dev/null >>${path('vomsd.out')} 2>&1
until (exec 3<>/dev/tcp/127.0.0.1/${conf.port}) 2>/dev/null; do sleep 0.1; done`,
    // Its children, one a request, have the same command line, and end by themselves.
    'stop-vomsd': stop(`pgrep -o -f -- '--conf ${conf.file}$'`),
    'start-vouchd': `setsid ${vouchd} serve --wait-for-ports 75 </dev/null >>${path('vouchd.log')} 2>&1 & echo $! > ${path('vouchd.pid')}`,
    'stop-vouchd': stop(`cat ${path('vouchd.pid')}`),
  }
  for (const [name, text] of Object.entries(services)) await writeFile(path(name), `${text}\n`)
  // The script puts the VO's name behind, which is not needed here.
  const command = (name: keyof typeof services) => `bash ${path(name)} `
  return {
    ...{ world, conf, stops, daemonLog: path('vouchd.log') },
    env: {
      ...process.env,
      X509_VOMS_DIR: world.vomsdir,
      X509_CERT_DIR: world.trustDirectory,
      ...{
        AS_SERVICE: '',
        SECONDS_TO_START: '300',
        VOUCHD: vouchd,
        STOP_VOMSD: command('stop-vomsd'),
        START_VOMSD: command('start-vomsd'),
      },
      ...{ STOP_VOUCHD: command('stop-vouchd'), START_VOUCHD: command('start-vouchd') },
    },
  }
}

/** A connection that asks nothing, made again when it is closed: vomsd's child for it keeps the port while it is there. */
function linger(port: number): { end(): void } {
  let socket: Socket
  let ended = false
  const open = () => {
    socket = connect(port, '127.0.0.1')
    // Its end is seen only by who reads.
    socket.on('error', () => {}).resume()
    socket.on('close', hadError => ended || hadError || open())
  }
  open()
  return {
    end() {
      ended = true
      socket.destroy()
    },
  }
}

interopSuite('the change from vomsd to vouchd and back, under clients that ask each second', PROGRAMS, () => {
  let trial: Trial
  const clients = new Map<string, SteadyClient<Outcome>>()
  /** While the one server has stopped and the other does not serve yet. */
  const gaps: { from: number; until: number }[] = []

  beforeAll(async () => {
    const world = await createWorld(VO)
    const database = await startMariaDb(world.folder, await writeWorldDump(world))
    const conf = await writeVomsConf(world, database, programPath('libvomsmysql.so'))
    trial = { database, ...(await writeServices(world, conf)) }
    await runOk('bash', [join(world.folder, 'start-vomsd')], { env: trial.env })
    for (const { user, command } of REQUESTS) {
      clients.set(
        command,
        askSteadily(1000, () => ask(user, { commands: [command], lifetime: '3600' })),
      )
    }
  })
  afterAll(async () => {
    await Promise.all([...clients.values()].map(client => client.stop()))
    for (const name of ['stop-vouchd', 'stop-vomsd']) {
      // Either may have been stopped before.
      await run('bash', ['-c', `set -e; . ${join(trial.world.folder, name)}`], { env: trial.env })
    }
    await trial.database.stop()
    await trial.world.remove()
  })

  async function ask(user: UserName, request: LegacyRequest): Promise<Outcome> {
    return outcomeOf(await askLegacy(trial.conf.port, trial.world.users[user], request, PATIENCE_MS))
  }

  async function switchOver(direction: 'to-vouchd' | 'to-vomsd'): Promise<Finished> {
    const done = await run('sh', [SCRIPT, direction, VO], { env: trial.env, timeoutSeconds: 900 })
    const stopped = (await readFile(trial.stops, 'utf8')).trim().split('\n').at(-1)
    gaps.push({ from: Number(stopped), until: Date.now() })
    return done
  }

  const client = (command: string) => clients.get(command)!
  const allAsked = () =>
    [...clients].flatMap(([command, { asked }]) => asked.map(one => ({ command, ...one })))
  const inGap = ({ began, ended }: Asked<Outcome>) =>
    gaps.some(({ from, until }) => ended >= from && began <= until)
  /** A server that has just started, and is not ready, may say that its database has not answered yet. */
  const notReady = (one: Asked<Outcome>) =>
    inGap(one) && one.answer.items.some(item => item.startsWith('1003 '))
  const answered = (one: Asked<Outcome>) => one.answer.kind !== 'no answer' && !notReady(one)

  /** Some answers of the server that serves now, to each of the clients. */
  async function letThemAsk(): Promise<void> {
    const now = Date.now()
    for (let count = 0; count < 3; count++) {
      await Promise.all(
        REQUESTS.map(({ command }) => client(command).next(one => one.began > now && answered(one))),
      )
    }
  }

  /** voms-proxy-init, which verifies by the LSC file whatever it is given. */
  async function expectProxy(fqan: string): Promise<void> {
    const folder = await mkdtemp(join(trial.world.folder, 'case-'))
    const place = { world: trial.world, port: trial.conf.port, folder, proxy: undefined }
    const answer = await vomsProxyInit2Clients[0]!.ask({ user: 'test0', fqans: [fqan] }, place)
    expect(answer.code, answer.output).toBe(0)
    const ac = await readAcIndependently(answer.acs[0]!)
    expect(ac.signatureValid).toBe(true)
    expect(ac.fqans[0]).toBe(longForm(fqan))
  }

  it('vomsd serves', async () => {
    await letThemAsk()
    await expectProxy('/vo.0/G1/Role=R1')
  }, 600_000)

  it('the script puts vouchd into its place', async () => {
    const lingering = linger(trial.conf.port)
    let waited = false
    const switching = switchOver('to-vouchd')
    let done = false
    void switching.finally(() => {
      done = true
    })
    while (!waited && !done) {
      await sleep(200)
      waited = (await daemonLog()).some(({ msg }) => `${msg}`.includes('it is waited for'))
    }
    lingering.end()
    const { code, stdout, stderr } = await switching
    expect([code, stderr], stdout).toEqual([0, ''])
    expect(stdout).toMatch(/0 errors, 0 warnings|0 errors, 1 warning/)
    expect(stdout).toMatch(/VO vo\.0 holds \(new\)[\s\S]*vomsd stops[\s\S]*vouchd serves\n$/)
    expect(waited).toBe(true)
    await letThemAsk()
    await expectProxy('/vo.0/G1/Role=R1')
  }, 900_000)

  describe('while VOMS Admin stays the place of administration', () => {
    it('a member who is suspended is refused, and a role that is added is issued, at the next look', async () => {
      const suspended = client('G/vo.0/G2').next(({ answer }) => answer.kind === 'refused')
      const granted = client('B/vo.0/G1:R2').next(({ answer }) => answer.kind === 'issued')
      const logged = (await daemonLog()).length
      const began = Date.now()
      await trial.database.sql(
        `START TRANSACTION;
         UPDATE usr SET suspended = b'1', suspension_reason = 'key lost' WHERE dn LIKE '%CN=test1';
         UPDATE certificate SET suspended = b'1', suspended_reason = 'key lost' WHERE subject_string LIKE '%CN=test1';
         INSERT INTO m (mapping_id, gid, rid, userid)
           SELECT 9000, g.gid, r.rid, u.userid FROM groups g, roles r, usr u
           WHERE g.dn = '/vo.0/G1' AND r.role = 'R2' AND u.dn LIKE '%CN=test0';
         COMMIT;`,
      )
      const [refusal, grant] = await Promise.all([suspended, granted])
      console.log(
        `effective after ${refusal.ended - began} ms (suspension) and ${grant.ended - began} ms (role)`,
      )
      expect(refusal.answer.items).toEqual(['1004 User is currently suspended!\nSuspension reason: key lost'])
      expect(grant.answer.first).toBe('/vo.0/G1/Role=R2')
      // A look that was under way may have seen nothing; the one after that has to.
      const since = (await daemonLog()).slice(logged).map(({ msg }) => msg)
      const found = since.indexOf('the VO was brought to what its source says')
      const idle = since.slice(0, found).filter(msg => msg === 'the source of the VO has not changed')
      expect(found).toBeGreaterThan(-1)
      expect(idle.length).toBeLessThanOrEqual(1)
    }, 600_000)
  })

  it('the script puts vomsd back into its own place, with what was changed meanwhile', async () => {
    const { code, stdout, stderr } = await switchOver('to-vomsd')
    expect([code, stderr], stdout).toEqual([0, ''])
    await letThemAsk()
    await expectProxy('/vo.0/G1/Role=R2')
  }, 600_000)

  it('no client was refused, or told anything else, but while one server had stopped and the other not started', async () => {
    await Promise.all([...clients.values()].map(one => one.stop()))
    const beyond = allAsked().filter(one => !answered(one) && !inGap(one))
    expect(beyond).toEqual([])
    // Whoever was answered could not tell the one server from the other.
    for (const { command, outcomes } of REQUESTS) {
      const answers = client(command)
        .asked.toSorted((a, b) => a.began - b.began)
        .filter(answered)
      const told = [...new Set(answers.map(({ answer }) => JSON.stringify(answer)))]
      expect(
        told.map(text => (JSON.parse(text) as Outcome).kind),
        told.join('\n'),
      ).toEqual(outcomes)
    }
    const seconds = gaps.map(({ from, until }) => `${((until - from) / 1000).toFixed(1)} s`)
    console.log(`${allAsked().length} requests; without a server for ${seconds.join(' and ')}`)
  })

  async function daemonLog(): Promise<Record<string, unknown>[]> {
    const text = await readFile(trial.daemonLog, 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line))
  }
})
