// npm run package [-- --version VERSION] [--out FOLDER]: a Debian package that brings its own Node.js.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { debTree } from './debTree.ts'
import { originOf, ROOT } from './origin.ts'
import { run } from './run.ts'

const { values } = parseArgs({ options: { version: { type: 'string' }, out: { type: 'string' } } })
const origin = originOf(values.version)
const out = values.out ?? join(ROOT, 'dist')
mkdirSync(out, { recursive: true })
const scratch = mkdtempSync(join(tmpdir(), 'vouchd-deb-'))
try {
  const tree = join(scratch, 'tree')
  debTree(tree, origin)
  const file = join(out, `vouchd_${origin.version}-1_amd64.deb`)
  // Node.js is 140 MB: xz would take half a minute for it, and lintian knows no zstd.
  run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z6', '--build', tree, file], {
    env: { SOURCE_DATE_EPOCH: `${origin.date}` },
  })
  console.log(file)
} finally {
  rmSync(scratch, { recursive: true })
}
