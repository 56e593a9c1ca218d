import { spawn } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reachable, stopChild, waitUntil } from '../interop/childProcess.ts'
import { DEMO_VO, type DemoGrid } from './demoGrid.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface DemoDaemon {
  readonly config: string
  readonly databaseFolder: string
  readonly pid: number
  stop(): Promise<void>
}

/** The least that a daemon has to be told. */
function configText(folder: string, grid: DemoGrid, port: number): string {
  const text = JSON.stringify
  return `[store]
kind = "embedded"
folder = ${text(join(folder, 'database'))}

[processes]
workers = 0
controlSocket = ${text(join(folder, 'control.sock'))}

[audit]
folder = ${text(join(folder, 'audit'))}

[observe]
listen = []

[trust]
directory = ${text(grid.trustDirectory)}
vomsdir = ${text(grid.vomsdir)}

[[vo]]
name = ${text(DEMO_VO)}
listen = ["127.0.0.1:${port}"]
uri = "localhost:${port}"
hostCredentials = [{ certificate = ${text(grid.hostCertificate)}, key = ${text(grid.hostKey)} }]
`
}

/** Starts `vouchd serve` as a process of its own and waits until it accepts connections. */
export async function startDemoDaemon(
  folder: string,
  grid: DemoGrid,
  port: number,
  keep: boolean,
): Promise<DemoDaemon> {
  const config = join(folder, 'vouchd.toml')
  writeFileSync(config, configText(folder, grid, port))
  const logFile = join(folder, 'vouchd.log')
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, [MAIN, '--config', config, 'serve'], {
    stdio: ['ignore', log, log],
    detached: keep,
  })
  try {
    await waitUntil(() => reachable(port), child, 'vouchd')
  } catch (cause) {
    await stopChild(child)
    throw new Error(`The daemon did not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`, { cause })
  }
  if (keep) child.unref()
  return {
    ...{ config, databaseFolder: join(folder, 'database'), pid: child.pid! },
    stop: () => stopChild(child),
  }
}
