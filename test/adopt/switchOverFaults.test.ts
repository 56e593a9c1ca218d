import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../config/switch-over.sh')

describe('the change from vomsd to vouchd, where something fails', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vouchd-switch-'))
    for (const vo of ['vo.a', 'vo.b']) {
      mkdirSync(join(folder, 'voms', vo), { recursive: true })
      writeFileSync(join(folder, 'voms', vo, 'voms.conf'), '')
    }
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Each command of the operator's is told to a file; it fails when it stands in `failing`. */
  function begin(direction: string, failing: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const told = join(folder, 'told')
    writeFileSync(told, '')
    const command = join(folder, 'command')
    const cases = failing.map(words => `'${words}') exit 1 ;;\n`).join('')
    writeFileSync(command, `#!/bin/sh\necho "$*" >> ${told}\ncase "$*" in\n${cases}esac\n`)
    chmodSync(command, 0o755)
    const child = spawn('sh', [SCRIPT, direction], {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: {
        ...process.env,
        VOMS_CONF: join(folder, 'voms'),
        AS_SERVICE: '',
        VOUCHD: `${command} vouchd`,
        STOP_VOMSD: `${command} stop `,
        START_VOMSD: `${command} start `,
        STOP_VOUCHD: `${command} stop-vouchd`,
        START_VOUCHD: `${command} start-vouchd`,
        ...env,
      },
    })
    const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
    return { child, ended, told: () => readFileSync(told, 'utf8').trim().split('\n') }
  }

  const PREPARED = ['vouchd check', 'vouchd import followed']
  const STOPPED = ['stop vo.a', 'stop vo.b']
  const BACK = ['stop-vouchd', 'start vo.a', 'start vo.b']

  it('nothing is stopped when the members cannot be mirrored', async () => {
    const run = begin('to-vouchd', ['vouchd import followed'])
    expect(await run.ended).toBe(1)
    expect(run.told()).toEqual(PREPARED)
  })

  it('every vomsd is started again when one of them does not stop', async () => {
    const run = begin('to-vouchd', ['stop vo.a'])
    expect(await run.ended).toBe(1)
    expect(run.told()).toEqual([...PREPARED, ...STOPPED, ...BACK])
  })

  it('every vomsd is started again when vouchd does not serve in time', async () => {
    const run = begin('to-vouchd', ['vouchd status'], { SECONDS_TO_START: '1' })
    expect(await run.ended).toBe(1)
    const told = run.told().filter(line => line !== 'vouchd status')
    expect(told).toEqual([...PREPARED, ...STOPPED, 'start-vouchd', ...BACK])
  })

  it('every vomsd is started again when the operator breaks it off', async () => {
    const run = begin('to-vouchd', ['vouchd status'], { SECONDS_TO_START: '600' })
    await expect.poll(run.told, { timeout: 60_000 }).toContain('vouchd status')
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(1)
    expect(run.told().slice(-3)).toEqual(BACK)
  }, 120_000)

  it('on the way back one vomsd that does not start keeps no other from it', async () => {
    const run = begin('to-vomsd', ['stop-vouchd', 'start vo.a'])
    expect(await run.ended).toBe(1)
    expect(run.told()).toEqual(BACK)
  })

  it('is refused where there is no VO', async () => {
    const run = begin('to-vouchd', [], { VOMS_CONF: folder })
    expect(await run.ended).toBe(2)
    expect(run.told()).toEqual([''])
  })
})
