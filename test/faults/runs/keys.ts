import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { issueHost } from '../../cli/siteFolder.ts'
import { askRest, ca, LONG, userNamed } from '../../e2e/daemon.ts'
import { readAcIndependently } from '../../independent/readAc.ts'
import type { Credential } from '../../pki/issueCertificate.ts'
import { privateKeyPem, storedRsaKey } from '../../pki/keys.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  PATIENT,
  type SiteFolder,
  startDaemonProcess,
} from '../../supervise/daemonProcess.ts'
import { startLoad, warmUp } from '../../supervise/load.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import { OBSERVED, openScraper, total } from '../scraper.ts'

/** Twenty a second. */
const SWAP_MS = 50

/** Pairs that must not be taken, as they are put in place of a good one. */
const FAULTY: readonly (readonly [string, (site: SiteFolder) => void])[] = [
  ['the key of another certificate', site => put(site, 'host.key', privateKeyPem(storedRsaKey(2048, 5)))],
  [
    'an expired certificate',
    site => site.writeHost(hostWith(4, 4, { from: '2020-01-01T00:00:00Z', until: '2021-01-01T00:00:00Z' })),
  ],
  [
    'a certificate of the future',
    site => site.writeHost(hostWith(4, 5, { from: '2038-01-01T00:00:00Z', until: '2039-01-01T00:00:00Z' })),
  ],
  ['a key that others may read', site => chmodSync(site.path('host.key'), 0o644)],
  ['a half-written certificate', site => put(site, 'host.pem', hostWith(4, 6).pem.slice(0, 500))],
  ['a half-written key', site => put(site, 'host.key', privateKeyPem(storedRsaKey(2048, 4)).slice(0, 500))],
  ['an empty certificate', site => put(site, 'host.pem', '')],
  ['octets', site => put(site, 'host.pem', Buffer.from([0, 255, 1, 254]))],
  ['no key', site => renameSync(site.path('host.key'), site.path('kept.key'))],
]

/** G10: renewals never fail a handshake, and no AC is signed by another key than that of the certificate in it. */
export const keys: FaultRun = {
  name: 'keys',
  about:
    'host and AC certificate and key are renewed 20 times a second under load; no handshake fails, each AC is signed ' +
    'by the key of its certificate; faulty pairs are refused, and told of',
  unit: 'renewals',
  long: 500,
  short: 10,
  async run(count, tell) {
    const { wrong, late, unless } = verdict()
    const site = makeSiteFolder(undefined, { tables: { ...OBSERVED, ...PATIENT } })
    const daemon = await startDaemonProcess(site)
    try {
      const port = await daemon.port()
      const scrape = await openScraper(daemon)
      await warmUp(port)
      const load = startLoad(() => port)
      const renewals = Array.from({ length: Math.min(count, 8) }, (_, n) => hostWith(1 + (n % 4), 0x1000 + n))
      const from = daemon.log.length
      for (let swap = 0; swap < count; swap++) {
        tell(`${swap} renewals`)
        site.writeHost(renewals[swap % renewals.length]!)
        await sleep(SWAP_MS)
      }
      await followed(daemon, port, renewals[(count - 1) % renewals.length]!)
      const taken = reloads(daemon, from, 'reloaded')
      const passed = reloads(daemon, from, NOT_RELOADED)

      let refusedPairs = 0
      // How each of them is recognised has tests of its own; that it is not taken needs a few.
      const faulty = count >= 100 ? FAULTY : FAULTY.filter((_, n) => n % 3 === 0)
      for (const [what, put] of faulty) {
        tell(what)
        const line = daemon.log.length
        put(site)
        const { findings } = await daemon.line(NOT_RELOADED, line)
        const told = total(await scrape(), 'vouchd_last_reload_successful', { subject: 'files' })
        unless(told === 0, `${what}: the metric says ${told}`)
        unless((findings as unknown[]).length > 0, `${what}: no finding`)
        unless((await askRest(port, [user])).status === 200, `${what}: nothing is issued meanwhile`)
        refusedPairs++
        const good = hostWith(1 + (refusedPairs % 4), 0x2000 + refusedPairs)
        const next = daemon.log.length
        site.writeHost(good)
        await daemon.line('reloaded', next)
        await followed(daemon, port, good)
      }
      const after = total(await scrape(), 'vouchd_last_reload_successful', { subject: 'files' })
      unless(after === 1, `after the last good pair the metric says ${after}`)

      const { issued, refused, broken, mismatched, longestMs } = await load.stop()
      unless(broken.length === 0, `${broken.length} connections failed: ${broken[0]}`)
      unless(refused.length === 0, `${refused.length} refused: ${refused[0]}`)
      unless(mismatched === 0, `${mismatched} ACs with the signature of another key`)
      unless(issued > count, `only ${issued} ACs came`)
      return {
        figures: {
          issued,
          'handshakes failed': broken.length,
          refused: refused.length,
          'signature of another key': mismatched,
          'times taken': taken,
          'caught half-way and taken later': passed,
          'faulty pairs refused': `${refusedPairs} of ${faulty.length}`,
          'longest wait ms': longestMs,
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
const NOT_RELOADED = 'not reloaded: what was served before is still served'

/** Host credentials of one name with different keys. */
function hostWith(key: number, serial: number, more: { from?: string; until?: string } = {}): Credential {
  return issueHost(ca, storedRsaKey(2048, key), {
    subject: '/C=IT/O=Test/CN=voms.example.org',
    serial,
    ...LONG,
    ...more,
  })
}

function put(site: SiteFolder, name: string, content: string | Buffer): void {
  writeFileSync(site.path('new'), content, { mode: 0o400 })
  renameSync(site.path('new'), site.path(name))
}

function reloads(daemon: DaemonProcess, from: number, message: string): number {
  return daemon.log.slice(from).filter(({ msg }) => msg === message).length
}

/** The newest pair is what every process signs with. */
async function followed(daemon: DaemonProcess, port: number, credential: Credential): Promise<void> {
  for (let good = 0; good < 6; ) {
    const { ac } = await askRest(port, [user])
    const signedBy = ac === undefined ? undefined : (await readAcIndependently(ac)).certificates[0]
    good = signedBy !== undefined && Buffer.from(credential.der).equals(signedBy) ? good + 1 : 0
    if (good === 0) await daemon.reload()
  }
}
