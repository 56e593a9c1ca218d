import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { createAcIssuer, signingKeyFile } from '../../fakes/acIssuer.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const tree = mkdtempSync(join(tmpdir(), 'vouchd-tree-'))
const key = signingKeyFile(createAcIssuer())
afterAll(() => {
  rmSync(tree, { recursive: true })
  rmSync(key.folder, { recursive: true })
})

// Stands for `npm ci --omit=dev --omit=optional`: of all packages only piscina, without its native addon.
it('the pool runs from sources in a tree without optional packages', () => {
  for (const folder of ['src', 'native-free', 'node_modules/piscina']) {
    cpSync(join(root, folder), join(tree, folder), { recursive: true })
  }
  cpSync(join(root, 'package.json'), join(tree, 'package.json'))
  expect(readdirSync(join(tree, 'node_modules'))).toEqual(['piscina'])
  const script = `
    import { createSignerPool } from './src/issue/sign/pool.ts'
    import { unobserved } from './src/issue/sign/observer.ts'
    const pool = createSignerPool({ threads: 1, maxQueue: 10 }, unobserved)
    await pool.signer(${JSON.stringify({ path: key.path, keyId: key.keyId, digest: key.digest })})
    await pool.close()
    console.log('loaded the key in a thread')
  `
  writeFileSync(join(tree, 'run.ts'), script)
  const out = execFileSync(process.execPath, ['run.ts'], { cwd: tree, encoding: 'utf8', timeout: 20_000 })
  expect(out).toBe('loaded the key in a thread\n')
})
