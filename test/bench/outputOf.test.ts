import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { outputOf } from '../../bench/outputOf.ts'

const run = (code: string) => spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] })
const LONG_MS = 60_000

it('gives what a process writes', async () => {
  expect(await outputOf(run('console.log("a")'), 'it', LONG_MS)).toBe('a\n')
})

it('tells how a process failed', async () => {
  await expect(outputOf(run('process.exit(3)'), 'it', LONG_MS)).rejects.toThrow('it failed: status 3')
})

it('ends a process that does not end by itself, and what it started', { timeout: 60_000 }, async () => {
  const child = run(`
    const inner = require('node:child_process').spawn('sleep', ['600'])
    console.log(inner.pid)
    setInterval(() => {}, 1000)`)
  const inner = new Promise<number>(resolve => child.stdout!.once('data', line => resolve(Number(line))))
  await expect(outputOf(child, 'it', 3000)).rejects.toThrow('it took longer than 3 s')
  const pid = await inner
  expect(pid).toBeGreaterThan(1)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
