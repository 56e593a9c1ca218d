import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface OpensslFolder extends Disposable {
  /** Runs `openssl` in the folder and gives its standard output. */
  run(...args: string[]): string
  read(file: string): Uint8Array
  write(file: string, content: string | Uint8Array): void
}

/** A temporary folder to run the machine's openssl in: the independent party of the differential tests. */
export function opensslFolder(): OpensslFolder {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-openssl-'))
  return {
    run: (...args) =>
      execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    read: file => new Uint8Array(readFileSync(join(folder, file))),
    write: (file, content) => writeFileSync(join(folder, file), content),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}
