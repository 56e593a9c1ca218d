import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const COUNT = 200

/** Processor time in microseconds of one raw SHA-256 signature of an AC's size with this key. */
export function signatureMicroseconds(keyFile: string): number {
  const key = createPrivateKey(readFileSync(keyFile))
  const bytes = new Uint8Array(1500)
  const before = process.cpuUsage()
  for (let i = 0; i < COUNT; i++) sign('sha256', bytes, key)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / COUNT
}
