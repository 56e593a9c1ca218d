import { spawnSync } from 'node:child_process'
import { describe, it } from 'vitest'
import { DEMANDED } from '../interop/demand.ts'

/** Runs promtool; its output and whether it was satisfied. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly ok: boolean; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    input,
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { ok: status === 0, text: stdout + stderr }
}

/** A suite that needs promtool: without it one test is skipped, or fails where that is demanded. */
export function promtoolSuite(name: string, body: () => void): void {
  const isThere = spawnSync('promtool', ['--version']).status === 0
  describe(name, () => {
    if (isThere) body()
    else if (DEMANDED) {
      it('cannot run here: apt-get install --no-install-recommends prometheus', () => {
        throw new Error('promtool is not installed')
      })
    } else it.skip('skipped: apt-get install --no-install-recommends prometheus', () => {})
  })
}
