import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSystemdLine } from '../../src/supervise/systemdLine.ts'
import { until } from './daemonProcess.ts'

describe('the line to the service manager', () => {
  let folder: string
  let program: string
  let said: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vouchd-notify-'))
    said = join(folder, 'said')
    program = join(folder, 'notify')
    writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${said}\n`)
    chmodSync(program, 0o755)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const env = { NOTIFY_SOCKET: '/run/notify', PATH: process.env['PATH'] }
  const onFault = (cause: Error) => {
    throw cause
  }

  it('says what happens, in order, and no status twice', async () => {
    const line = openSystemdLine({ env, program, onFault })
    line.status('not ready: database')
    line.status('not ready: database')
    line.ready('ready: 1 VOs')
    line.reloading()
    line.ready('ready: 1 VOs')
    await line.stopping()
    const lines = readFileSync(said, 'utf8').trimEnd().split('\n')
    expect(lines.map(text => text.replace(/\d+$/, 'N'))).toEqual([
      '/run/notify STATUS=not ready: database',
      '/run/notify READY=1 STATUS=ready: 1 VOs',
      '/run/notify RELOADING=1 MONOTONIC_USEC=N',
      '/run/notify READY=1 STATUS=ready: 1 VOs',
      '/run/notify STOPPING=1 STATUS=finishing what is under way',
    ])
  })

  it('shows that it lives, three times in each watchdog interval', async () => {
    // It goes on after the test, and its program does not.
    openSystemdLine({ env: { ...env, WATCHDOG_USEC: '60000' }, program, onFault() {} })
    await until(() => readFileSync(said, 'utf8').split('WATCHDOG=1').length > 3)
  })

  it('is silent where there is no service manager', async () => {
    const line = openSystemdLine({ env: {}, program: '/nowhere', onFault })
    line.ready('x')
    await line.stopping()
  })

  it('that is broken is told of once, and blocks nothing', async () => {
    const faults: string[] = []
    const line = openSystemdLine({ env, program: '/nowhere', onFault: cause => faults.push(cause.message) })
    line.ready('x')
    await line.stopping()
    expect(faults).toHaveLength(1)
  })
})
