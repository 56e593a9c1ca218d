import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runInProcess } from './runInProcess.ts'

const bin = join(import.meta.dirname, '../../bin/vouchd')
function runChild(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(bin, args, { encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

describe('vouchd', () => {
  it('prints its help to standard output, with commands, examples and exit codes', async () => {
    const { code, out, err } = await runInProcess('--help')
    expect([code, err]).toEqual([0, ''])
    for (const text of ['Usage: vouchd', 'Commands:', 'vomses', 'Examples:', 'Exit codes:']) {
      expect(out).toContain(text)
    }
  })

  it('explains itself and exits with 2 when it is called without a command', async () => {
    const { code, out, err } = await runInProcess()
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: vouchd')
  })

  it.each([
    ['an unknown command', ['chekc'], "unknown command 'chekc'"],
    ['an unknown option', ['vomses', '--colour'], "unknown option '--colour'"],
    ['an argument too many', ['vomses', 'x'], 'too many arguments'],
    ['a missing value', ['vomses', '--vo'], 'argument missing'],
  ])('exits with 2 on %s', async (_name, args, message) => {
    const { code, out, err } = await runInProcess(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })

  it('escapes what was typed', async () => {
    const { err } = await runInProcess('\x1b[31m')
    expect(err).toContain("unknown command '\\x1B[31m'")
  })

  it('exits with 3 and every fault on a faulty configuration', async () => {
    const config = join(import.meta.dirname, 'nowhere.toml')
    const { code, err } = await runInProcess('vomses', '--config', config)
    expect(code).toBe(3)
    expect(err).toContain('nowhere.toml does not exist; name a configuration file with --config FILE')
  })
})

describe('bin/vouchd', () => {
  it('runs as a program', () => {
    const { version } = JSON.parse(
      spawnSync('cat', [join(bin, '../../package.json')], { encoding: 'utf8' }).stdout,
    )
    expect(runChild('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  it('runs the independent reader under the flags that it starts Node with', () => {
    const ac = join(import.meta.dirname, '../vectors/ac/everything.der')
    const { code, out, err } = runChild('inspect', ac)
    expect(err).toBe('')
    expect(out).toMatch(/^AC signature +good +good$/m)
    expect(code).toBe(/ bad /.test(out) ? 1 : 0)
  })

  it('gives its exit code to the shell', () => {
    expect(runChild('vomses', '--config', '/').code).toBe(3)
    expect(runChild('-no-such-option').code).toBe(2)
  })
})
