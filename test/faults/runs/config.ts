import { readFileSync, writeFileSync } from 'node:fs'
import { keyInfo, TABLES, type TableName } from '../../../src/config/schema.ts'
import { askRest, userNamed } from '../../e2e/daemon.ts'
import { readAcIndependently } from '../../independent/readAc.ts'
import { freePort } from '../../interop/freePort.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  PATIENT,
  startDaemonProcess,
  WORKERS,
} from '../../supervise/daemonProcess.ts'
import { startLoad, warmUp } from '../../supervise/load.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import { randomFrom } from '../mutateAudit.ts'

/** Until every worker has the configuration that a reload brought. */
const EVERYWHERE_MS = 2_000

/** G19: a bad configuration is never taken, a good one everywhere or nowhere. */
export const config: FaultRun = {
  name: 'config',
  about:
    'bad configurations, made from the schema, and good ones are loaded in turn under load; no bad one is taken, ' +
    'no request fails, every worker has the same within 2 s',
  unit: 'bad and as many good ones',
  long: 200,
  short: 6,
  async run(count, tell) {
    const { wrong, late, unless, inTime } = verdict()
    const port = await freePort()
    const site = makeSiteFolder([['vo.0', `127.0.0.1:${port}`]], { tables: PATIENT })
    const daemon = await startDaemonProcess(site)
    try {
      await warmUp(port)
      const load = startLoad(() => port, { connections: 2 })
      let lifetime = 3600
      const configure = () => site.configure(`${WORKERS}[signing]\nthreads = ${1 + (lifetime % 2)}\n`)
      let taken = 0
      let longest = 0
      let longestReload = 0
      for (let number = 0; number < count; number++) {
        tell(`${number} bad ones, ${number} good ones`)
        const good = readFileSync(site.config, 'utf8')
        const [what, bad] = spoil(good, number)
        writeFileSync(site.config, bad)
        const { ok, findings } = await daemon.reload()
        if (ok) taken++
        unless(!ok, `taken: ${what}`)
        unless(ok || findings.length > 0, `refused without a word: ${what}`)
        unless(
          (await lifetimes(port, 2)).every(one => number === 0 || one === lifetime),
          `changed by: ${what}`,
        )

        lifetime = 3600 + 60 * (number + 1)
        configure()
        const text = readFileSync(site.config, 'utf8')
        writeFileSync(
          site.config,
          text.replace('[defaults]\n', `[defaults]\nmaxLifetimeSeconds = ${lifetime}\n`),
        )
        const began = performance.now()
        const reloaded = await daemon.reload()
        longestReload = Math.max(longestReload, performance.now() - began)
        unless(reloaded.ok, `a good one is refused: ${JSON.stringify(reloaded.findings[0])}`)
        const told = performance.now()
        while ((await lifetimes(port, 6)).some(one => one !== lifetime)) {
          if (performance.now() - told > 30_000) break
          longest = Math.max(longest, performance.now() - told)
        }
      }
      inTime(longest, EVERYWHERE_MS, 'a worker with the configuration before')
      await allServe(daemon)
      const { issued, refused, broken, mismatched } = await load.stop()
      unless(refused.length === 0, `${refused.length} refused: ${refused[0]}`)
      unless(broken.length === 0, `${broken.length} connections failed: ${broken[0]}`)
      unless(mismatched === 0, `${mismatched} ACs with the signature of another key`)
      return {
        figures: {
          'bad ones taken': taken,
          issued,
          'requests failed': refused.length + broken.length,
          'longest reload ms': Math.round(longestReload),
          'the one before still seen for ms': Math.round(longest),
        },
        wrong,
        late,
      }
    } finally {
      await daemon.stop()
      site.remove()
    }
  },
}

const user = userNamed('test0')

/** Of so many ACs, each over a connection of its own: both workers are asked, most likely. */
async function lifetimes(port: number, count: number): Promise<readonly number[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => askRest(port, [user])))
  return Promise.all(
    answers.map(async ({ ac }) => {
      if (ac === undefined) return 0
      const { notBefore, notAfter } = await readAcIndependently(ac)
      return (notAfter.getTime() - notBefore.getTime()) / 1000
    }),
  )
}

async function allServe(daemon: DaemonProcess): Promise<void> {
  const { workers } = await daemon.status()
  if (workers.some(({ state }) => state !== 'serving')) throw new Error('a worker does not serve')
}

type Spoilt = readonly [what: string, toml: string]

/** The so-manieth way to spoil a good configuration; the same for the same number. */
function spoil(good: string, number: number): Spoilt {
  const ways = WAYS.map(way => way(good, number))
  const keys = BAD_KEYS.length
  return number % 3 === 0 ? ways[(number / 3) % ways.length]! : withKey(good, BAD_KEYS[(number * 7) % keys]!)
}

interface BadKey {
  readonly table: TableName
  readonly key: string
  readonly value: string
}

/** Every key of the schema with values that none takes, and one that nobody knows in each table. */
const BAD_KEYS: readonly BadKey[] = (Object.keys(TABLES) as TableName[]).flatMap(table => [
  { table, key: 'nobodyKnows', value: 'true' },
  ...Object.keys(TABLES[table].shape)
    .filter(key => keyInfo(table, key) !== undefined)
    .flatMap(key => ['-7.5', '{ none = 1 }', '[[1]]', '""', '1e400'].map(value => ({ table, key, value }))),
])

/** The key takes the place of the one that is there. */
function withKey(good: string, { table, key, value }: BadKey): Spoilt {
  const what = `[${table}] ${key} = ${value}`
  const head = table === 'vo' ? '[[vo]]' : `[${table}]`
  const lines = good.split('\n')
  const at = lines.indexOf(head)
  if (at < 0) return [what, `${head}\n${key} = ${value}\n${good}`]
  const rest = lines.slice(at + 1)
  const end = rest.findIndex(line => line.startsWith('['))
  const own = (end < 0 ? rest : rest.slice(0, end)).filter(line => !line.startsWith(`${key} =`))
  const after = end < 0 ? [] : rest.slice(end)
  return [what, [...lines.slice(0, at), head, `${key} = ${value}`, ...own, ...after].join('\n')]
}

/** What is wrong with the whole of it. */
const WAYS: readonly ((good: string, number: number) => Spoilt)[] = [
  (good, number) => {
    const end = 10 + Math.floor(((number * 37) % 80) * 0.01 * good.length)
    return [`cut after ${end} octets`, `${good.slice(0, end)}\n`]
  },
  good => ['two VOs of one name', `${good}${good.slice(good.indexOf('[[vo]]'))}`],
  good => ['a VO without address', good.replace(/\nlisten = \["[^"]+"\]/, '')],
  good => ['an address of another machine', good.replace('127.0.0.1', '192.0.2.7')],
  good => ['no VO', good.slice(0, good.indexOf('[[vo]]'))],
  good => ['a key file that is not there', good.replace('host.key', 'nothing.key')],
  good => ['a certificate that is none', good.replace('host.pem', 'vouchd.toml')],
  good => ['a trust directory without CAs', good.replace('"certificates"', '"."')],
  good => ['another control socket', good.replace('control.sock', 'other.sock')],
  good => ['without workers', good.replace('workers = 2', 'workers = 0')],
  good => ['a database that is a file', good.replace('folder = "database"', 'folder = "host.pem"')],
  good => ['an audit folder that is a file', good.replace('folder = "audit"', 'folder = "host.pem"')],
  (_, number) => {
    const random = randomFrom(number)
    return ['octets', Buffer.from(Array.from({ length: 400 }, () => random(256))).toString('latin1')]
  },
  () => ['empty', ''],
]
