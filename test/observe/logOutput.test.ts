import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { openLogOutput } from '../../src/observe/logOutput.ts'
import { createLogStream, type LogForm } from '../../src/observe/logStream.ts'
import { createMetrics } from '../../src/observe/metrics.ts'

function lines(form: LogForm, write: (log: ReturnType<typeof pino>) => void) {
  const written: string[] = []
  const metrics = createMetrics()
  write(pino({ level: 'debug' }, createLogStream(form, { write: line => written.push(line) }, metrics.log)))
  return { written, metrics }
}

describe('the form of log lines', () => {
  it('is JSON, counted by level', () => {
    const { written, metrics } = lines('json', log => {
      log.info({ a: 1 }, 'one')
      log.error('two')
      log.debug('three')
      log.warn('four')
      log.warn('five')
    })
    expect(written.map(line => JSON.parse(line).msg)).toEqual(['one', 'two', 'three', 'four', 'five'])
    const { error, warn, info, debug } = metrics.log
    expect([error, warn, info, debug].map(({ value }) => value)).toEqual([1, 2, 1, 1])
  })

  it('has the priority in front for the journal', () => {
    const { written } = lines('journal', log => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('x')
    })
    expect(written.map(line => line.slice(0, 4))).toEqual(['<7>{', '<6>{', '<4>{', '<3>{'])
    expect(written.every(line => line.indexOf('\n') === line.length - 1)).toBe(true)
  })

  it('is for people on a terminal, and nothing in it steers it', () => {
    const { written } = lines('terminal', log => {
      log.warn({ holder: '/CN=Eve \x1b[2J\u202e', asked: ['a b'], vo: 'vo.0' }, 'request refused')
    })
    const [line] = written
    const plain = line!.replace(/\x1b\[\d+m/g, '')
    expect(plain).toMatch(/^\d\d:\d\d:\d\d WARN {2}request refused holder=/)
    expect(plain).toContain(' vo=vo.0')
    expect(plain).toContain('asked=["a b"]')
    expect(plain).not.toMatch(/[\x1b\u202e]/)
    expect(plain).not.toContain('pid')
  })

  it('shows where an error comes from', () => {
    const { written } = lines('terminal', log => log.error({ err: new Error('boom') }, 'failed'))
    expect(written[0]).toMatch(/boom\n +at /)
  })
})

describe('where log lines go', () => {
  it('writes them to a file in order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchd-log-'))
    const fd = openSync(join(folder, 'log'), 'a')
    const output = openLogOutput(fd, () => expect.unreachable())
    const wanted = Array.from({ length: 1000 }, (_, index) => `line ${index}\n`)
    for (const line of wanted) output.write(line)
    await output.drained(5_000)
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe(wanted.join(''))
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })

  it('drops and counts them while the disk is full, and goes on', async () => {
    const fd = openSync('/dev/full', 'w')
    let dropped = 0
    const output = openLogOutput(fd, () => dropped++)
    for (let index = 0; index < 10; index++) output.write('x\n')
    await output.drained(5_000)
    expect(dropped).toBe(10)
    expect(output.write('y\n')).toBe(true)
    await output.drained(5_000)
    expect(dropped).toBe(11)
    closeSync(fd)
  })

  it.each([
    ['nobody reads', 'sleep 30'],
    ['the reader is gone', 'exec 0<&-; sleep 30'],
  ])('never waits while %s', async (_name, reader) => {
    // The child writes far more than a pipe holds, then says how it went.
    const script = `
      import { openLogOutput } from ${JSON.stringify(join(import.meta.dirname, '../../src/observe/logOutput.ts'))}
      process.stdout.on('error', () => process.exit(9))
      let dropped = 0
      const output = openLogOutput(1, () => dropped++)
      const line = 'x'.repeat(999) + '\\n'
      const taken = () => { let n = 0; for (let i = 0; i < 3000; i++) if (output.write(line)) n++; return n }
      const first = taken()
      setTimeout(() => {
        const second = taken()
        console.error(JSON.stringify({ first, second, dropped }))
        process.exit(0)
      }, 300)
    `
    const reading = spawn('sh', ['-c', reader], { stdio: ['pipe', 'ignore', 'ignore'] })
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', reading.stdin, 'pipe'],
    })
    let told = ''
    child.stderr!.on('data', chunk => {
      told += chunk
    })
    const code = await new Promise(resolve => child.on('close', resolve))
    reading.kill()
    expect(code, told).toBe(0)
    const { first, second, dropped } = JSON.parse(told)
    expect(first).toBeLessThanOrEqual(1200)
    expect(second).toBeLessThan(100)
    expect(dropped).toBeGreaterThanOrEqual(4800)
  })

  it.each(['pipe', 'file'])('keeps the last lines of a process that fails: %s', kind => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchd-log-'))
    const file = openSync(join(folder, 'log'), 'a')
    const script = `
      import { openLogOutput } from ${JSON.stringify(join(import.meta.dirname, '../../src/observe/logOutput.ts'))}
      const output = openLogOutput(1, () => {})
      output.write('why it failed\\n')
      throw new Error('failed')
    `
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', kind === 'pipe' ? 'pipe' : file, 'ignore'],
      encoding: 'utf8',
    })
    expect(status).not.toBe(0)
    expect(kind === 'pipe' ? stdout : readFileSync(join(folder, 'log'), 'utf8')).toBe('why it failed\n')
    closeSync(file)
    rmSync(folder, { recursive: true })
  })
})
