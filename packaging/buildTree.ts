import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Origin, ROOT } from './origin.ts'
import { run } from './run.ts'

/** Beside the compiled sources: what whoever installs the package reads and starts. */
const AS_IT_IS = ['bin/vouchd', 'config', 'docs', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md']

/**
 * Makes `folder` anew: the package as it is published, in JavaScript, with declarations of the library alone and
 * without source maps.
 */
export function buildTree(folder: string, origin: Origin): void {
  rmSync(folder, { recursive: true, force: true })
  run(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    ...['-p', join(ROOT, 'packaging/tsconfig.json'), '--outDir', folder],
  ])
  for (const file of globSync('src/**/*.d.ts', { cwd: folder })) rmSync(join(folder, file))
  for (const file of globSync('src/**/*.{sql,cnf}', { cwd: ROOT })) copy(file, folder)
  for (const file of AS_IT_IS) copy(file, folder)
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published(origin), undefined, 2)}\n`)
}

function copy(file: string, folder: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  cpSync(join(ROOT, file), join(folder, file), { recursive: true })
}

/** The manifest without what only a checkout has a use for. */
function published({ version, revision }: Origin): object {
  const {
    devDependencies: _,
    scripts: __,
    private: ___,
    ...manifest
  } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
  return {
    ...manifest,
    version,
    ...(revision !== undefined && { gitHead: revision }),
    exports: {
      './native-free': { types: './native-free/index.d.ts', default: './native-free/index.js' },
      './package.json': './package.json',
    },
  }
}
