import type { ImportProgress } from '../adopt/importSource.ts'
import type { CliIo } from './context.ts'

/** Shows on a terminal, on one line that is written over, how far an import is; nowhere else. */
export function importProgress(io: CliIo): { show(progress: ImportProgress): void; end(): void } {
  let last = ''
  const write = (text: string) => {
    if (!io.terminal || text === last) return
    io.err(`\r${text.padEnd(last.length)}`)
    last = text
  }
  return {
    show({ phase, source: { done, total, unit }, rows }) {
      const share = unit === 'bytes' && total > 0 ? `${Math.floor((done / total) * 100)} %, ` : ''
      // Not every row: a line a thousand of them.
      const about = rows < 1000 ? rows : Math.floor(rows / 1000) * 1000
      write(phase === 'reading' ? `reading: ${share}${about} rows` : `${phase} ...`)
    },
    end() {
      if (last !== '') io.err(`\r${' '.repeat(last.length)}\r`)
    },
  }
}
