// Starts the signing threads out of another tree, and has each load a key: node startPool.ts TREE
import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const folder = mkdtempSync(join(tmpdir(), 'vouchd-pool-'))
try {
  const tree = pathToFileURL(`${resolve(process.argv[2] ?? '.')}/`)
  const { createSignerPool } = (await import(
    new URL('src/issue/sign/pool.ts', tree).href
  )) as typeof import('../src/issue/sign/pool.ts')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const path = join(folder, 'key.pem')
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o400 })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const keyId = createHash('sha256').update(spki).digest('hex')
  const faults: Error[] = []
  const pool = createSignerPool(
    { threads: 2, maxQueue: 10 },
    { queueLength() {}, batch() {}, fault: error => faults.push(error) },
  )
  await pool.signer({ path, keyId, digest: 'sha256' })
  await pool.close()
  if (faults[0]) throw faults[0]
  console.log('the signing threads start')
} finally {
  rmSync(folder, { recursive: true })
}
