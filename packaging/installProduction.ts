import { cpSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './origin.ts'
import { run } from './run.ts'

/** Runs at install time, all of them. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall']

/**
 * Installs into a folder what runs in production: exactly what package-lock.json names. Throws when any of it has
 * native code or something that runs at install time.
 */
export function installProduction(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
    cpSync(join(ROOT, file), join(folder, file))
  }
  run('npm', ['ci', '--omit=dev', '--omit=optional', '--loglevel=error'], { cwd: folder })
  const faults = productionFaults(join(folder, 'node_modules'))
  if (faults.length > 0) throw new Error(`not fit for production:\n  ${faults.join('\n  ')}`)
}

/** What a folder of packages has that nothing in production may have. */
export function productionFaults(modules: string): readonly string[] {
  const native = globSync('**/{*.node,binding.gyp}', { cwd: modules }).map(file => `native code: ${file}`)
  const scripts = globSync('**/package.json', { cwd: modules }).flatMap(file => {
    const manifest = JSON.parse(readFileSync(join(modules, file), 'utf8')) as {
      scripts?: Record<string, string>
      gypfile?: boolean
    }
    const names = INSTALL_SCRIPTS.filter(name => manifest.scripts?.[name] !== undefined)
    return [
      ...names.map(name => `runs at install time: ${name} of ${file}`),
      ...(manifest.gypfile === true ? [`native code: gypfile of ${file}`] : []),
    ]
  })
  return [...native, ...scripts]
}
