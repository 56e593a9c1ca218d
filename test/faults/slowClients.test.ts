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

interface FewDescriptors extends Row {
  readonly shed: string
  readonly servedAgainMs: number
  readonly recordsLost: number
  readonly withoutDescriptor: number
}

it('clients that stand still keep no honest one from his AC, and lose their slots', {
  timeout: 240_000,
}, async () => {
  // Who asks a machine that is busy with other tests waits for it, which is no matter of those that stand still.
  const args = ['--count', '1000', '--stages', 'silent,unasked', '--wait', '5000', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, ...args])
  const { rows } = JSON.parse(stdout) as { rows: readonly Row[] }
  expect(rows.map(({ stage }) => stage)).toEqual(['silent', 'unasked'])
  for (const row of rows) {
    expect(row.share, row.stage).toBeGreaterThanOrEqual(0.99)
    expect(row.residentMegabytes, row.stage).toBeLessThan(400)
    // Each has nine seconds for the handshake, and then nine for the request; and what a busy machine adds.
    expect(row.slotsBackSeconds, row.stage).toBeLessThan(2 * 10 + 5)
  }
})

it('with 256 file descriptors honest clients are served through a flood, every AC is recorded, and it goes on after', {
  timeout: 240_000,
}, async () => {
  const args = ['--count', '600', '--stages', 'silent', '--fds', '256', '--wait', '5000', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, ...args])
  const [row] = (JSON.parse(stdout) as { rows: readonly FewDescriptors[] }).rows
  expect(row!.share).toBeGreaterThanOrEqual(0.97)
  expect(row!.shed).toContain('fd ')
  expect(row).toMatchObject({ recordsLost: 0, withoutDescriptor: 0 })
  // A second, and what a busy machine adds.
  expect(row!.servedAgainMs).toBeLessThan(20_000)
})
