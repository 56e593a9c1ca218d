import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkAudit } from '../../src/check/checkAudit.ts'
import { systemClock } from '../../src/clock.ts'
import type { Config } from '../../src/config/types.ts'

const uid = process.getuid!()
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchd-check-audit-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const check = (as: number) => {
  const audit = { enabled: true, folder, headKey: join(folder, 'heads.key') }
  return checkAudit({ audit } as unknown as Config, as, systemClock)
}

it('finds nothing wrong with a folder of the user alone', async () => {
  expect(await check(uid)).toEqual([])
})

it('advises another user to give the folder to the service', async () => {
  const [finding] = await check(uid + 1)
  expect(finding).toMatchObject({ level: 'error', what: `${folder} belongs to another user (uid ${uid})` })
  expect(finding!.advice).toContain('chown')
})

it('advises root to run as the user of the folder', async () => {
  if (uid === 0) chownSync(folder, 65_534, 65_534)
  const [finding] = await check(0)
  if (uid === 0) chownSync(folder, 0, 0)
  expect(finding!.advice).toContain('runuser')
})

it('names a folder that others may open', async () => {
  chmodSync(folder, 0o755)
  expect((await check(uid))[0]!.advice).toBe(`chmod 700 ${folder}`)
  chmodSync(folder, 0o700)
})
