import { spawn } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { MAX_LIFETIME_SECONDS } from './cases.ts'
import { reachable, stopChild, waitUntil } from './childProcess.ts'
import { VO, writeWorldDump } from './dump.ts'
import { freePort } from './freePort.ts'
import { runOk } from './run.ts'
import type { VomsConfFile } from './vomsConf.ts'
import type { AcServer } from './vomsd.ts'
import type { Credential, World } from './world.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface VouchdOptions {
  /** TLS credentials; the world's RSA one alone by default. ACs are signed with that one in any case. */
  readonly hosts?: readonly Credential[]
  /** Further lines of the VO's table. */
  readonly further?: readonly string[]
}

/** What an operator would write for this world besides its VOs; the files of one daemon are told apart by its port. */
function configText(world: World, port: number): string {
  const text = JSON.stringify
  return `
[log]
level = "debug"
[store]
kind = "embedded"
folder = ${text(join(world.folder, `database-${port}`))}
[processes]
workers = 0
controlSocket = ${text(join(world.folder, `control-${port}.sock`))}
[audit]
folder = ${text(join(world.folder, `audit-${port}`))}
[observe]
listen = []
[trust]
directory = ${text(world.trustDirectory)}
vomsdir = ${text(world.vomsdir)}
`
}

function voText(world: World, port: number, { hosts, further = [] }: VouchdOptions): string {
  const text = JSON.stringify
  const credential = ({ certificate, key }: Credential) =>
    `{ certificate = ${text(certificate)}, key = ${text(key)} }`
  return `
[[vo]]
name = ${text(VO)}
listen = ["127.0.0.1:${port}"]
uri = ${text(world.uri)}
maxLifetimeSeconds = ${MAX_LIFETIME_SECONDS}
hostCredentials = [${(hosts ?? [world.host]).map(credential).join(', ')}]
acCredential = ${credential(world.host)}
${further.join('\n')}
`
}

/**
 * Imports the world's dump into an embedded database and starts `vouchd serve` on a free port, as an operator
 * would: by its command line and a configuration file.
 */
export async function startVouchd(world: World, options: VouchdOptions = {}): Promise<AcServer> {
  const port = await freePort()
  const config = join(world.folder, `vouchd-${port}.toml`)
  await writeFile(config, configText(world, port) + voText(world, port, options))
  placeBlankDatabase(join(world.folder, `database-${port}`))
  const dump = await writeWorldDump(world)
  await runOk(process.execPath, [MAIN, '--config', config, 'migrate'])
  await runOk(process.execPath, [MAIN, '--config', config, 'import', 'voms-admin', dump, '--vo', VO])
  return serve(world, port, ['--config', config])
}

/**
 * Starts `vouchd serve --voms-conf` over one of vomsd's own files and the MariaDB that it names, with nothing of its
 * own but where its files go.
 */
export async function startDropIn(world: World, vomsConf: VomsConfFile): Promise<AcServer> {
  const config = join(world.folder, `vouchd-${vomsConf.port}.toml`)
  await writeFile(config, configText(world, vomsConf.port))
  placeBlankDatabase(join(world.folder, `database-${vomsConf.port}`))
  return serve(world, vomsConf.port, ['--config', config, '--voms-conf', vomsConf.file])
}

async function serve(world: World, port: number, options: readonly string[]): Promise<AcServer> {
  const logFile = join(world.folder, `vouchd-${port}.log`)
  const output = await open(logFile, 'w')
  const child = spawn(process.execPath, [MAIN, ...options, 'serve'], {
    stdio: ['ignore', output.fd, output.fd],
  })
  await output.close()
  try {
    await waitUntil(() => reachable(port), child, 'vouchd')
  } catch (error) {
    await stopChild(child)
    throw new Error(`vouchd did not start: ${(await readFile(logFile, 'utf8')).slice(-2000)}`, {
      cause: error,
    })
  }
  return { port, logFile, stop: () => stopChild(child) }
}
