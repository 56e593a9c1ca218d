import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type FolderWatch, watchFolder } from '../authenticate/trust/watchFolder.ts'

export interface FileWatch {
  /** From now on these files, whose present state is known. */
  follow(files: readonly string[]): void
  close(): void
}

/** A renewal writes certificate and key one after the other, or moves both; it is through within this. */
const DEBOUNCE_MS = 500
/** Where the file system tells nothing (network file systems, no inotify left). */
const POLL_MS = 60_000

/** Calls `onChange` some time after any of the files came to be another, as far as names, times and sizes tell. */
export function watchFiles(onChange: () => void): FileWatch {
  let files: readonly string[] = []
  let folders: FolderWatch[] = []
  let known = ''
  let soon: NodeJS.Timeout | undefined
  const poll = setInterval(look, POLL_MS)
  poll.unref()

  function look(): void {
    soon = undefined
    const now = stampOf(files)
    if (now === known) return
    known = now
    onChange()
  }

  function lookSoon(): void {
    soon ??= setTimeout(look, DEBOUNCE_MS)
  }

  function stop(): void {
    clearTimeout(soon)
    soon = undefined
    for (const folder of folders) folder.close()
    folders = []
  }

  return {
    follow(next) {
      if (next.join('\0') === files.join('\0')) return
      stop()
      files = next
      folders = [...new Set(files.map(file => dirname(file)))].map(folder =>
        watchFolder(folder, lookSoon, () => {}),
      )
      known = stampOf(files)
    },
    close() {
      clearInterval(poll)
      stop()
    },
  }
}

function stampOf(files: readonly string[]): string {
  return files.map(stampOfFile).join('\n')
}

function stampOfFile(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch {
    return '-'
  }
}
