import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { missing } from '../interop/programs.ts'

const why = missing(['mariadbd', 'mariadb-install-db'])

// The script itself checks what was imported, and what each look changed.
it.skipIf(why !== undefined)(
  `the script that measures large VOs imports a small one, and follows its changes${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    const script = join(import.meta.dirname, '..', '..', 'bench', 'adopt', 'scale.ts')
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--members', '300', '--json'], {
      encoding: 'utf8',
      timeout: 250_000,
    })
    expect([status, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout).measured.map(({ what }: { what: string }) => what)).toEqual([
      'import from a live MariaDB',
      'first look of a follower',
      'a look when nothing changed',
      'a look after one suspension',
      'a look after one left a group',
      'import from a dump',
      'the same again',
    ])
  },
  300_000,
)
