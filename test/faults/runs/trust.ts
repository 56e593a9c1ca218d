import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { quantile } from '../../../bench/load/statistics.ts'
import { askRest, ca, LONG, userNamed } from '../../e2e/daemon.ts'
import { createCa } from '../../pki/createCa.ts'
import { createCrl } from '../../pki/createCrl.ts'
import type { Credential } from '../../pki/issueCertificate.ts'
import { signingPolicyText } from '../../pki/policyText.ts'
import { subjectHash } from '../../pki/subjectHash.ts'
import { writeCrl, writeTrustDirectory } from '../../pki/trustDirectory.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  PATIENT,
  startDaemonProcess,
} from '../../supervise/daemonProcess.ts'
import { type FaultRun, type Verdict, verdict } from '../faultRun.ts'
import { OBSERVED, openScraper, total } from '../scraper.ts'
import type { LoadCost } from '../trustProcess.ts'

const PROCESS = fileURLToPath(new URL('../trustProcess.ts', import.meta.url))
const CAS = 100
const ENTRIES = 20_000
const BLOCKED_MS = 20
const SAID_MS = 5_000
/** Beyond what a collector has not cleared away yet. */
const GROWTH_BYTES = 30 * 1024 * 1024

/** G12: what is damaged in the trust directory never takes the place of what was good. */
export const trust: FaultRun = {
  name: 'trust',
  about:
    'files of the trust directory are damaged in place, in 50 ways; the last good ones stay in use, nobody is let in ' +
    'and nobody shut out. 100 CAs with 20 000 revocations are loaded again and again: the loop is held up for no more ' +
    'than 20 ms, memory stays flat',
  unit: 'loads',
  long: 500,
  short: 5,
  async run(count, tell) {
    const judged = verdict()
    const { wrong, late, unless, inTime } = judged
    const damages = await vandalise(
      count >= 100 ? DAMAGES : DAMAGES.filter((_, n) => n % 6 === 0),
      judged,
      tell,
    )
    const { costs, first } = await loadAgain(count, tell)
    const blocked = costs.map(({ longestMs }) => longestMs)
    unless(
      costs.every(({ outcome, crls }) => outcome === 'changed' && crls === CAS),
      `a load came to ${JSON.stringify(costs.find(({ outcome, crls }) => outcome !== 'changed' || crls !== CAS))}`,
    )
    inTime(quantile(blocked, 0.99), BLOCKED_MS, 'a load held the loop up, p99')
    const settled = mean(costs.slice(Math.floor(count / 5), Math.floor((count * 2) / 5)))
    const end = mean(costs.slice(Math.floor((count * 4) / 5)))
    unless(end - settled <= GROWTH_BYTES, `memory grew from ${megabytes(settled)} to ${megabytes(end)}`)
    return {
      figures: {
        'ways to damage it': damages,
        'loads of 100 CAs and 20 000 entries': costs.length,
        'loop held up ms, median': tenth(quantile(blocked, 0.5)),
        'loop held up ms, p99': tenth(quantile(blocked, 0.99)),
        'loop held up ms, longest': tenth(Math.max(...blocked)),
        'by the first load ms': tenth(first.longestMs),
        'resident after a fifth': megabytes(settled),
        'resident at the end': megabytes(end),
      },
      wrong,
      late,
    }
  },
}

const tenth = (value: number) => Math.round(value * 10) / 10
const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`
const mean = (costs: readonly LoadCost[]) =>
  costs.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / costs.length

const member = userNamed('test0')
const revoked = userNamed('test1')
const stranger = createCa({ subject: '/C=IT/O=Test/CN=Other CA', ...LONG })
const now = () => Math.floor(Date.now() / 1000)
const crlOf = (
  by: Parameters<typeof createCrl>[0],
  more: Partial<Parameters<typeof createCrl>[1]> = {},
): string => createCrl(by, { thisUpdate: now() - 3600, nextUpdate: now() + 86_400, number: 7, ...more }).pem
const good = crlOf(ca, { revoked: [revoked] })

interface Damage {
  readonly what: string
  readonly inflict: (folder: string) => void
}

const crlFiles = ['new', 'old'].map(style => `${subjectHash(ca.subject, style as 'new' | 'old')}.r0`)
const toCrl = (what: string, content: string | Buffer): Damage => ({
  what: `CRL: ${what}`,
  inflict: folder => {
    for (const name of crlFiles) writeFileSync(join(folder, name), content)
  },
})
/** The file that the hash names are links to. */
const toFile = (name: string, what: string, content: (text: string) => string): Damage => ({
  what: `${name}: ${what}`,
  inflict: folder => writeFileSync(join(folder, name), content(readFileSync(join(folder, name), 'utf8'))),
})
const sixteenth = (text: string, n: number) => text.slice(0, Math.floor((text.length * n) / 16))
const SIXTEENTHS = Array.from({ length: 15 }, (_, n) => n + 1)
const NOISE = Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * 7919) % 256))

const DAMAGES: readonly Damage[] = [
  toCrl('empty', ''),
  ...SIXTEENTHS.map(n => toCrl(`cut after ${n} sixteenths`, sixteenth(good, n))),
  toCrl('of another CA', crlOf(stranger)),
  toCrl('signed by another key', crlOf(ca, { signer: stranger.key, number: 8 })),
  toCrl('an older one', crlOf(ca, { number: 6, thisUpdate: now() - 7200 })),
  toCrl(
    'an older one that has expired',
    crlOf(ca, { number: 6, thisUpdate: now() - 7200, nextUpdate: now() - 3600 }),
  ),
  toCrl('noise', NOISE),
  toCrl('a certificate', stranger.pem),
  {
    what: 'CRL: 50 MB',
    inflict: folder => {
      for (const name of crlFiles) {
        // From nothing: a list that only has something after it is still that list.
        writeFileSync(join(folder, name), '')
        truncateSync(join(folder, name), 50 * 1024 * 1024)
      }
    },
  },
  {
    what: 'CRL: a folder',
    inflict: folder => {
      for (const name of crlFiles) {
        rmSync(join(folder, name))
        mkdirSync(join(folder, name))
      }
    },
  },
  {
    what: 'CRL: a pipe that nobody writes to',
    inflict: folder => {
      for (const name of crlFiles) {
        rmSync(join(folder, name))
        execFileSync('mkfifo', [join(folder, name)])
      }
    },
  },
  {
    what: 'CRL: a link to itself',
    inflict: folder => {
      for (const name of crlFiles) {
        rmSync(join(folder, name))
        symlinkSync(name, join(folder, name))
      }
    },
  },
  toFile('ca-0.pem', 'empty', () => ''),
  ...SIXTEENTHS.map(n => toFile('ca-0.pem', `cut after ${n} sixteenths`, text => sixteenth(text, n))),
  toFile('ca-0.pem', 'noise', () => NOISE.toString('latin1')),
  toFile('ca-0.pem', 'a certificate of a user', () => member.pem),
  toFile('ca-0.signing_policy', 'empty', () => ''),
  toFile('ca-0.signing_policy', 'cut', text => sixteenth(text, 8)),
  { what: 'the folder is gone', inflict: folder => renameSync(folder, `${folder}.gone`) },
  {
    what: 'the folder is a file',
    inflict: folder => {
      renameSync(folder, `${folder}.gone`)
      writeFileSync(folder, '')
    },
  },
  {
    what: 'the folder is empty',
    inflict: folder => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
    },
  },
  {
    what: '10 001 files',
    inflict: folder => {
      for (let n = 0; n < 10_001; n++) writeFileSync(join(folder, `${n.toString(16).padStart(8, '0')}.0`), '')
    },
  },
]

/** Inflicts each damage upon a running daemon, and gives how many there were. */
async function vandalise(
  damages: readonly Damage[],
  { unless, inTime }: Verdict,
  tell: (progress: string) => void,
): Promise<number> {
  const site = makeSiteFolder(undefined, { tables: { ...OBSERVED, ...PATIENT } })
  const folder = site.path('certificates')
  const daemon = await startDaemonProcess(site)
  try {
    const port = await daemon.port()
    const scrape = await openScraper(daemon)
    writeCrl(folder, ca, good)
    await daemon.reload()
    const spare = site.path('spare')
    cpSync(folder, spare, { recursive: true, verbatimSymlinks: true })
    for (const { what, inflict } of damages) {
      tell(what)
      const from = daemon.log.length
      inflict(folder)
      await daemon.reload()
      await judge(what)
      inTime(await saidAfter(daemon, from), SAID_MS, `${what}: a line of the log`)
      const taken = total(await scrape(), 'vouchd_last_reload_successful', { subject: 'trust' })
      unless(taken === 0, `${what}: counted as taken`)
      rmSync(folder, { recursive: true, force: true })
      rmSync(`${folder}.gone`, { recursive: true, force: true })
      cpSync(spare, folder, { recursive: true, verbatimSymlinks: true })
      await daemon.reload()
      const again = total(await scrape(), 'vouchd_last_reload_successful', { subject: 'trust' })
      unless(again === 1, `after ${what}: not counted as taken again`)
    }
    await judge('at the end')
    unless(
      (await daemon.status()).workers.every(({ restarts }) => restarts === 0),
      'a worker ended',
    )

    async function judge(what: string): Promise<void> {
      const [issued, refused] = await Promise.all([askAll(port, member), askAll(port, revoked)])
      unless(
        issued.every(status => status === 200),
        `${what}: a member got ${issued.join()}`,
      )
      unless(
        refused.every(status => status === 403),
        `${what}: a revoked certificate got ${refused.join()}`,
      )
    }
  } finally {
    await daemon.stop()
    site.remove()
  }
  return damages.length
}

/** A warning or an error from the so-manieth line on; lines take their time on a busy machine. */
async function saidAfter(daemon: DaemonProcess, from: number): Promise<number> {
  for (let waited = 0; waited <= 2 * SAID_MS; waited += 50) {
    if (daemon.log.slice(from).some(({ level }) => Number(level) >= 40)) return waited
    await sleep(50)
  }
  return Number.POSITIVE_INFINITY
}

/** Over connections of their own: both workers are asked, most likely. */
async function askAll(port: number, user: Credential): Promise<readonly number[]> {
  const answers = await Promise.all(Array.from({ length: 4 }, () => askRest(port, [user])))
  return answers.map(({ status }) => status)
}

/** Renews CRLs as fetch-crl does, and loads them, in a process of its own. */
async function loadAgain(
  count: number,
  tell: (progress: string) => void,
): Promise<{ first: LoadCost; costs: readonly LoadCost[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-trust-'))
  const cas = Array.from({ length: CAS }, (_, n) => createCa({ subject: `/C=IT/O=Test/CN=CA ${n}`, ...LONG }))
  writeTrustDirectory(
    folder,
    cas.map((one, n) => ({
      ca: one,
      signingPolicy: signingPolicyText(`/C=IT/O=Test/CN=CA ${n}`, [`/C=IT/O=Test ${n}/*`]),
    })),
  )
  /** One CA has most of the entries: a list is read in one go. */
  const entries = (n: number) =>
    Array.from({ length: n === 0 ? ENTRIES - 10 * (CAS - 1) : 10 }, (_, k) => ({ serial: 1000 + k }))
  const renew = (n: number, number: number) =>
    writeCrl(folder, cas[n]!, crlOf(cas[n]!, { number, revoked: entries(n) }))
  for (let n = 0; n < CAS; n++) renew(n, 1)
  const child = fork(PROCESS, [folder])
  const load = async () => {
    child.send('load')
    const [cost] = await once(child, 'message')
    return cost as LoadCost
  }
  try {
    const first = await load()
    const costs: LoadCost[] = []
    for (let time = 0; time < count; time++) {
      tell(`${time} loads`)
      renew(0, 2 + time)
      for (let n = 0; n < 9; n++) renew(1 + ((time * 9 + n) % (CAS - 1)), 2 + time)
      costs.push(await load())
    }
    return { first, costs }
  } finally {
    child.disconnect()
    await once(child, 'exit')
    rmSync(folder, { recursive: true })
  }
}
