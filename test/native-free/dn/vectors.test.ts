import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fromHex } from '../../../native-free/bytes/hex.ts'
import { onelineF0 } from '../../../native-free/dn/oneline.ts'
import { nameHash, oldNameHash } from '../../../native-free/x509/nameHash.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'

const rows = readFileSync(new URL('../../vectors/dn/names.tsv', import.meta.url), 'utf8')
  .replace(/\n$/, '')
  .split('\n')
const digest = (algorithm: string) => (bytes: Uint8Array) => createHash(algorithm).update(bytes).digest()

it.each(rows.map(row => row.split('\t').reverse()))('%s', (line, oldHash, hash, hex) => {
  const name = parseName(fromHex(hex!))
  expect(onelineF0(name)).toBe(line)
  expect(nameHash(name, digest('sha1'))).toBe(hash)
  expect(oldNameHash(name, digest('md5'))).toBe(oldHash)
})
