import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of one mebibyte in memory. */
export interface SmallDisk {
  readonly folder: string
  /** Takes every octet that is left. */
  fill(): void
  /** Gives back what fill() took. */
  free(): void
  remove(): void
}

/** Undefined where it cannot be mounted: only root may. */
export function openSmallDisk(): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-disk-'))
  try {
    const options = ['-t', 'tmpfs', '-o', 'size=1m,mode=0755', 'vouchd-test', folder]
    execFileSync('mount', options, { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
  const filler = join(folder, 'filler')
  return {
    folder,
    fill() {
      const fd = openSync(filler, 'a')
      try {
        for (const size of [65_536, 4096, 1]) fillBy(fd, Buffer.alloc(size))
      } finally {
        closeSync(fd)
      }
    },
    free: () => rmSync(filler, { force: true }),
    remove() {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}

function fillBy(fd: number, piece: Buffer): void {
  try {
    for (;;) writeSync(fd, piece)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause
  }
}
