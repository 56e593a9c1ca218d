// How long a large VO takes in the shadow. Run: node bench/adopt/compare.ts [options]; --help tells them.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDump } from '../../src/adopt/dumpSource.ts'
import { importSource } from '../../src/adopt/importSource.ts'
import { VOMS_ADMIN } from '../../src/adopt/vomsAdmin.ts'
import { systemClock } from '../../src/clock.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { migrate } from '../../src/store/migrate.ts'
import { issueHost } from '../../test/cli/siteFolder.ts'
import { ca, LONG } from '../../test/e2e/daemon.ts'
import { writeCertificateFile, writeKeyFile } from '../../test/pki/credentialFiles.ts'
import { storedRsaKey } from '../../test/pki/keys.ts'
import { readOptions, whole } from '../commandLine.ts'
import { processorTimeOf } from '../load/processorTime.ts'
import { outputOf } from '../outputOf.ts'
import { printResult } from '../printResult.ts'
import { writeVomsAdminDump } from './writeVomsAdminDump.ts'

const values = readOptions('node bench/adopt/compare.ts [options]', {
  members: { value: '100000', about: 'of the generated VO' },
})
const members = whole(values.members, 'members', 2, 1_000_000)
const VOUCHD = join(import.meta.dirname, '../../bin/vouchd')
/** A comparison of all that takes longer is not worth its time. */
const MOST_MS = 1_800_000
const folder = mkdtempSync(join(tmpdir(), 'vouchd-shadow-'))
const path = (name: string) => join(folder, name)

const SAME = 0
const DIFFERENT = 1

/** Runs `vouchd compare`, which has to end with this status: its elapsed and processor time and its most memory. */
async function compare(what: string, status: number, ...args: string[]) {
  const began = performance.now()
  const child = spawn(VOUCHD, ['--config', path('vouchd.toml'), 'compare', '--vo', 'scale', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const used = watch(child)
  try {
    process.stderr.write(await outputOf(child, what, MOST_MS, status))
  } finally {
    clearInterval(used.look)
  }
  const seconds = (performance.now() - began) / 1000
  return { what, exit: status, seconds, ...used.last() }
}

/** What a process has used so far, looked at ten times a second. */
function watch({ pid }: ChildProcess) {
  let last = { processorSeconds: 0, megabytes: 0 }
  const look = setInterval(() => {
    try {
      const processorSeconds = processorTimeOf(pid!)
      const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      if (peak !== undefined) last = { processorSeconds, megabytes: Math.round(Number(peak) / 1024) }
    } catch {
      // It has just ended.
    }
  }, 100)
  return { look, last: () => last }
}

try {
  const host = issueHost(ca, storedRsaKey(2048), LONG)
  writeCertificateFile(path('host.pem'), host)
  writeKeyFile(path('host.key'), host)
  writeFileSync(
    path('vouchd.toml'),
    `[store]\nfolder = "database"\n[[vo]]\nname = "scale"\nlisten = ["127.0.0.1:0"]\nuri = "voms.example.org:15000"
hostCredentials = [ { certificate = "host.pem", key = "host.key" } ]\n`,
  )
  await writeVomsAdminDump(path('scale.sql'), members)
  const db = await openEmbedded(path('database'))
  await migrate(db)
  await importSource(await openDump(path('scale.sql')), VOMS_ADMIN, 'scale', db, { clock: systemClock })
  await db.close()
  const before = path('before.jsonl')
  const rows = [await compare('export', SAME, '--export', before)]
  rows.push(await compare('the same, compared with the export', SAME, '--against-file', before))
  const changing = await openEmbedded(path('database'))
  await changing.query(`update vouchd.member set suspended = true where source_id = '1'`)
  await changing.close()
  const few = ['--show', '0']
  rows.push(await compare('after one suspension', DIFFERENT, '--against-file', before, ...few))
  rows.push(await compare("by IAM's rules", DIFFERENT, '--with', 'iam', ...few))
  const exportMegabytes = statSync(before).size / 1e6
  printResult(
    { benchmark: 'shadow', setting: { members }, node: process.version, exportMegabytes, rows },
    values.json,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
