import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { formatAcForPeople } from '../../src/cli/printAc.ts'
import { systemClock } from '../../src/clock.ts'
import { openStore } from '../../src/store/openStore.ts'
import { readAcIndependently } from '../independent/readAc.ts'
import { freePort } from '../interop/freePort.ts'
import { askOverLegacy, askOverRest } from './askDaemon.ts'
import { type DemoDaemon, startDemoDaemon } from './demoDaemon.ts'
import { DEMO_CA, DEMO_USER, DEMO_VO, type DemoGrid, makeDemoGrid } from './demoGrid.ts'
import { COORDINATOR, createSampleVo, SAMPLE_VO_STORY } from './sampleVo.ts'
import { tryVomsProxyInit } from './vomsClients.ts'

const say = (text = '') => process.stdout.write(`${text}\n`)
const indent = (text: string) => text.trimEnd().replace(/^/gm, '    ')

let steps = 0
const step = (text: string) => say(`\n[${++steps}/7] ${text}`)

async function demo(keep: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-demo-'))
  let daemon: DemoDaemon | undefined
  const remove = async () => {
    await daemon?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('SIGINT', () => remove().finally(() => process.exit(130)))
  try {
    say(`vouchd demo: everything happens in ${folder}`)
    const port = await freePort()

    step('A throw-away CA, a host certificate, a user certificate, a trust directory')
    const grid = makeDemoGrid(folder, port, systemClock.now())
    say(indent(`user  ${DEMO_USER}\nhost  localhost:${port}`))

    step('The daemon, with its embedded database')
    daemon = await startDemoDaemon(folder, grid, port, keep)
    say(indent(`vouchd serve, process ${daemon.pid}, VO ${DEMO_VO} on port ${port}`))

    step('A sample VO')
    await fillDirectory(daemon)
    say(indent(SAMPLE_VO_STORY.join('\n')))

    await showAcs(folder, grid, port)
    if (keep) {
      sayKept(folder, daemon, grid, port)
      return
    }
  } catch (error) {
    await remove()
    throw error
  }
  await remove()
  sayGone()
}

async function fillDirectory({ databaseFolder }: DemoDaemon): Promise<void> {
  const db = await openStore({ kind: 'embedded', folder: databaseFolder }, { mode: 'command' })
  try {
    await createSampleVo(db)
  } finally {
    await db.close()
  }
}

async function showAcs(folder: string, grid: DemoGrid, port: number): Promise<void> {
  const request = { fqans: [COORDINATOR], order: undefined, targets: [], lifetimeSeconds: 3600 }

  step('An AC over REST')
  const rest = await askOverRest(grid, port, request)
  say(indent(`${rest.line}\n-> an AC of ${rest.ac.length} octets`))

  step('An AC over the legacy protocol, on the same port')
  const legacy = await askOverLegacy(grid, port, request)
  say(indent(`${legacy.line}\n-> an AC of ${legacy.ac.length} octets`))

  step('Both verified by an independent reader (pkijs)')
  for (const [protocol, der] of [['REST', rest.ac] as const, ['legacy', legacy.ac] as const]) {
    const ac = await readAcIndependently(der)
    if (!ac.signatureValid) throw new Error(`the signature of the AC over ${protocol} is not valid`)
    say(indent(`${protocol.padEnd(6)}  signature valid, ${ac.fqans.length} FQANs, serial ${ac.serial}`))
  }
  say(`\n${formatAcForPeople(decodeAc(rest.ac), systemClock.now())}`)

  step('The same with voms-proxy-init')
  say(indent(await tryVomsProxyInit(folder, grid, COORDINATOR)))
}

function sayGone(): void {
  say('\nThe daemon is stopped and everything is removed. Next:')
  say('  npm run demo -- --keep      the same, and the daemon stays up')
  say('  bin/vouchd --help           all commands')
  say('  npm test                    every test')
}

function sayKept(folder: string, { config, pid }: DemoDaemon, grid: DemoGrid, port: number): void {
  const ca = join(grid.trustDirectory, 'ca-0.pem')
  const credential = `--cert ${grid.userCertificate} --key ${grid.userKey}`
  say(`\nThe daemon stays up; its log is ${join(folder, 'vouchd.log')}. Next:`)
  say(`  curl --cacert ${ca} ${credential} https://localhost:${port}/generate-ac`)
  say(`  bin/vouchd --config ${config} member list`)
  say(`  bin/vouchd --config ${config} explain --vo ${DEMO_VO} --dn '${DEMO_USER}' --issuer '${DEMO_CA}'`)
  say(`Stop it with  kill ${pid}  and, when it has ended, remove everything with  rm -r ${folder}`)
}

await demo(process.argv.includes('--keep'))
