import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/readConfig.ts'
import { DEMANDED } from '../interop/demand.ts'

const root = join(import.meta.dirname, '../..')
const units = join(root, 'systemd')
const missing = spawnSync('systemd-analyze', ['--version']).status !== 0

describe('the units', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vouchd-units-'))
    // What they start need not be installed here.
    const service = readFileSync(join(units, 'vouchd.service'), 'utf8')
    writeFileSync(join(folder, 'vouchd.service'), service.replaceAll('/usr/bin/vouchd', '/bin/true'))
    copyFileSync(join(units, 'vouchd.socket'), join(folder, 'vouchd.socket'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const analyze = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    return { status, said: `${stdout}${stderr}` }
  }

  if (missing && DEMANDED) {
    it('cannot be judged here: no systemd-analyze (apt-get install systemd)', () => {
      throw new Error('no systemd-analyze')
    })
  }

  it.skipIf(missing)('are understood by systemd without a warning', () => {
    const files = ['vouchd.service', 'vouchd.socket'].map(name => join(folder, name))
    expect(analyze('verify', '--man=no', ...files)).toEqual({ status: 0, said: '' })
  })

  it.skipIf(missing)("are understood with vomsd's files in place of the configuration", () => {
    const place = join(folder, 'vomsd')
    mkdirSync(join(place, 'vouchd.service.d'), { recursive: true })
    copyFileSync(join(folder, 'vouchd.service'), join(place, 'vouchd.service'))
    copyFileSync(join(folder, 'vouchd.socket'), join(place, 'vouchd.socket'))
    const more = readFileSync(join(root, 'config/vomsd-drop-in.conf'), 'utf8')
    expect(more).toMatch(
      /^ExecStart=\n(?:#.*\n)?ExecStart=\/usr\/bin\/vouchd serve .*--voms-conf \/etc\/voms$/m,
    )
    writeFileSync(join(place, 'vouchd.service.d/vomsd.conf'), more.replaceAll('/usr/bin/vouchd', '/bin/true'))
    expect(analyze('verify', '--man=no', join(place, 'vouchd.service'))).toEqual({ status: 0, said: '' })
    // The service wants its socket, which would keep the ports from vomsd on the way back.
    const conditions = readFileSync(join(units, 'vouchd.socket'), 'utf8').match(/^Condition.*$/gm)
    expect(conditions).toEqual(['ConditionPathExists=/etc/vouchd/vouchd.toml'])
  })

  it.skipIf(missing)('leave an exposure of 1.3 at most', () => {
    const { status, said } = analyze(
      ...['security', '--offline=true', '--threshold=13', '--no-pager', join(folder, 'vouchd.service')],
    )
    expect(status, said).toBe(0)
  })

  it('name the addresses of the configurations that are shipped', () => {
    const socket = readFileSync(join(units, 'vouchd.socket'), 'utf8')
    const streams = [...socket.matchAll(/^ListenStream=(.*)$/gm)].map(match => match[1])
    const [vo] = readConfig(join(root, 'config/minimal.toml')).vos
    const listen = vo!.listen.map(({ host, port }) =>
      host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    )
    expect(streams).toEqual(listen)
  })

  it('keep what vouchd writes where the service may write', () => {
    const service = readFileSync(join(units, 'vouchd.service'), 'utf8')
    const config = readConfig(join(root, 'config/minimal.toml'))
    const state = `/var/lib/${/^StateDirectory=(.*)$/m.exec(service)![1]}/`
    const runtime = `/run/${/^RuntimeDirectory=(.*)$/m.exec(service)![1]}/`
    expect(config.store.kind === 'embedded' && config.store.folder.startsWith(state)).toBe(true)
    expect(config.audit.folder.startsWith(state)).toBe(true)
    expect(config.processes.controlSocket.startsWith(runtime)).toBe(true)
  })
})
