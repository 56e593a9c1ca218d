import { fileURLToPath } from 'node:url'

/**
 * The file of another module, as a process or a thread is started with it: `path` from the module at `from`, without
 * its extension, which is .ts in a checkout and .js in a package.
 */
export function besideModule(path: string, from: string): string {
  return fileURLToPath(new URL(from.endsWith('.ts') ? `${path}.ts` : `${path}.js`, from))
}
