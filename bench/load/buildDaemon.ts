import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildTree } from '../../packaging/buildTree.ts'
import { originOf, ROOT } from '../../packaging/origin.ts'

/** The daemon as it is installed, over the checkout's packages. */
export interface BuiltDaemon {
  /** What `node` runs. */
  readonly main: string
  remove(): void
}

/** Compiles it into a folder of its own. From a checkout each process would hold what takes its types off, too. */
export function buildDaemon(): BuiltDaemon {
  const parent = mkdtempSync(join(tmpdir(), 'vouchd-built-'))
  const folder = join(parent, 'vouchd')
  buildTree(folder, originOf())
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return {
    main: join(folder, 'src/main.js'),
    remove: () => rmSync(parent, { recursive: true, force: true }),
  }
}
