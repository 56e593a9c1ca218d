import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { missing } from '../interop/programs.ts'

it('the script that measures large VOs imports a small one, and follows one change of it', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'scale.ts'), '600'],
    { encoding: 'utf8', timeout: 100_000 },
  )
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^import of 600 members from a dump: /m)
  if (missing(['mariadbd', 'mariadb-install-db']) !== undefined) return
  expect(stdout).toContain('members, {"inserted":0,"updated":1,"deleted":0}')
}, 120_000)
