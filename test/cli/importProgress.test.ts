import { expect, it } from 'vitest'
import type { CliIo } from '../../src/cli/context.ts'
import { importProgress } from '../../src/cli/importProgress.ts'

function shownOn(terminal: boolean, rows: readonly number[]): string {
  let shown = ''
  const err = (text: string) => {
    shown += text
  }
  const progress = importProgress({ err, terminal } as CliIo)
  for (const count of rows) {
    progress.show({ phase: 'reading', source: { done: count, total: 4000, unit: 'bytes' }, rows: count })
  }
  progress.end()
  return shown
}

it('tells on one line of a terminal how far an import is, by the thousand, and takes the line away', () => {
  const seen = shownOn(true, [0, 40, 1000, 1001, 3999]).split('\r')
  expect(seen.map(line => line.trim())).toEqual([
    '',
    'reading: 0 %, 0 rows',
    'reading: 1 %, 40 rows',
    'reading: 25 %, 1000 rows',
    'reading: 99 %, 3000 rows',
    '',
    '',
  ])
})

it('tells nothing where there is no terminal', () => {
  expect(shownOn(false, [0, 5000])).toBe('')
})
