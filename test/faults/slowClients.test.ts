import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../bench/load/slowClients.ts', import.meta.url))

interface Row {
  readonly stage: string
  readonly share: number
  readonly residentMegabytes: number
  readonly slotsBackSeconds: number
}

it('clients that stand still keep no honest one from his AC, and lose their slots', {
  timeout: 240_000,
}, async () => {
  const args = ['--count', '1000', '--stages', 'silent,unasked', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, ...args])
  const { rows } = JSON.parse(stdout) as { rows: readonly Row[] }
  expect(rows.map(({ stage }) => stage)).toEqual(['silent', 'unasked'])
  for (const row of rows) {
    expect(row.share, row.stage).toBeGreaterThanOrEqual(0.97)
    expect(row.residentMegabytes, row.stage).toBeLessThan(400)
    // Ten seconds for the handshake or the request, and what a busy machine adds; at sixty nobody waits any more.
    expect(row.slotsBackSeconds, row.stage).toBeLessThan(55)
  }
})

it('a daemon with 256 file descriptors serves honest clients through a flood and goes on afterwards', {
  timeout: 240_000,
}, async () => {
  const args = ['--count', '600', '--stages', 'silent', '--fds', '256', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, ...args])
  const [row] = (JSON.parse(stdout) as { rows: readonly (Row & { shed: string })[] }).rows
  expect(row!.share).toBeGreaterThanOrEqual(0.97)
  expect(row!.shed).toContain('fd ')
})
