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
import { processorTimeOf } from '../load/processorTime.ts'
import { writeVomsAdminDump } from './writeVomsAdminDump.ts'

// How long a large VO takes in the shadow: node bench/adopt/compare.ts [MEMBERS]. Prints what docs/migrate.md holds.

const VOUCHD = join(import.meta.dirname, '../../bin/vouchd')
const members = Number(process.argv[2] ?? 100_000)
const folder = mkdtempSync(join(tmpdir(), 'vouchd-shadow-'))
const path = (name: string) => join(folder, name)

/** Runs `vouchd compare` and prints elapsed and processor time and the most memory; answers its output. */
async function compare(what: string, ...args: string[]): Promise<string> {
  const began = performance.now()
  const child = spawn(VOUCHD, ['--config', path('vouchd.toml'), 'compare', '--vo', 'scale', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  const used = watch(child)
  const code = await new Promise(resolve => child.on('close', resolve))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const { processor, megabytes } = used()
  console.log(
    `${what}: exit ${code}, ${seconds} s, ${processor.toFixed(1)} s of processor, ${megabytes} MB at most`,
  )
  return out
}

/** What a process has used so far, looked at ten times a second. */
function watch({ pid }: ChildProcess) {
  let last = { processor: 0, megabytes: 0 }
  const look = setInterval(() => {
    try {
      const processor = processorTimeOf(pid!)
      const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      if (peak !== undefined) last = { processor, megabytes: Math.round(Number(peak) / 1024) }
    } catch {
      // It has just ended.
    }
  }, 100)
  return () => {
    clearInterval(look)
    return last
  }
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
  await compare(`export of ${members} members`, '--export', path('before.jsonl'))
  console.log(`  ${Math.round(statSync(path('before.jsonl')).size / 2 ** 20)} MB`)
  console.log(await compare('the same, compared with the export', '--against-file', path('before.jsonl')))
  const changing = await openEmbedded(path('database'))
  await changing.query(`update vouchd.member set suspended = true where source_id = '1'`)
  await changing.close()
  console.log(await compare('after one suspension', '--against-file', path('before.jsonl'), '--show', '0'))
  console.log(await compare("by IAM's rules", '--with', 'iam', '--show', '0'))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
