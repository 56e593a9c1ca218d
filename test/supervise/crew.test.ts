import { pino } from 'pino'
import { afterEach, expect, it, vi } from 'vitest'
import { createCrew } from '../../src/supervise/crew.ts'
import { forkWorker } from '../../src/supervise/forkWorker.ts'
import { lives, until } from './daemonProcess.ts'

afterEach(() => vi.useRealTimers())

it('ends and replaces a worker that hangs while it starts', { timeout: 60_000 }, async () => {
  // The seconds that a worker may be silent for pass at once; its process is a real one.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const lines: Record<string, unknown>[] = []
  const restarts: string[] = []
  const crew = createCrew({
    launch: (index, events) => forkWorker(index, { handle: () => undefined }, events),
    log: pino({}, { write: line => void lines.push(JSON.parse(line)) }),
    now: () => 0,
    onState() {},
    onRestart: reason => restarts.push(reason),
    onCounted() {},
    onEnded() {},
  })
  const pid = () => crew.status()[0]?.pid
  try {
    crew.launch(1)
    const first = pid()!
    process.kill(first, 'SIGSTOP')
    vi.advanceTimersByTime(60_000)
    expect(lives(first)).toBe(true)
    vi.advanceTimersByTime(1_000)
    const second = await until(() => pid() !== first && pid())
    expect(lives(first)).toBe(false)
    expect(restarts).toEqual(['hang'])
    expect(lines).toMatchObject([
      { msg: 'a worker hangs and is ended', worker: 0, pid: first, state: 'starting' },
      { msg: 'a worker ended before it served', how: 'SIGKILL' },
    ])
    // Its own beats keep the next one, which has nothing to serve yet.
    await until(() => (crew.status()[0]?.parts.length ?? 0) > 0)
    vi.advanceTimersByTime(60_000)
    expect(pid()).toBe(second)
  } finally {
    crew.kill()
  }
})

it('does not take the process that does everything itself for one that hangs', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const lines: unknown[] = []
  const kill = vi.fn()
  const crew = createCrew({
    launch: () => ({
      pid: process.pid,
      ask: () => Promise.reject(new Error('nothing is asked')),
      readiness: () => [],
      stop: async () => {},
      kill,
    }),
    log: pino({}, { write: line => void lines.push(line) }),
    now: () => 0,
    onState() {},
    onRestart() {},
    onCounted() {},
    onEnded() {},
  })
  crew.launch(1)
  vi.advanceTimersByTime(200_000)
  expect(lines).toEqual([])
  expect(kill).not.toHaveBeenCalled()
  crew.kill()
})
