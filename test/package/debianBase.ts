import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../packaging/run.ts'

const SUITE = 'bookworm'
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'libatomic1', 'ca-certificates', 'curl']
/** Raised when PACKAGES change: what was kept from before is of no use then. */
const EDITION = 1

/**
 * A bare Debian that boots, as a tar file, made by debootstrap once and kept in VOUCHD_TEST_CACHE or the user's cache
 * folder. Throws when it can be made nowhere.
 */
export function debianBase(): string {
  const folder =
    process.env['VOUCHD_TEST_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vouchd-test')
  const file = join(folder, `debian-${SUITE}-${EDITION}.tar`)
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(tmpdir(), 'vouchd-debootstrap-'))
  const root = join(scratch, 'root')
  try {
    run('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, SUITE, root])
    // Whatever it mounted is its own; lists of packages are old by the next run.
    run('tar', [
      ...['--one-file-system', '--exclude=./var/lib/apt/lists/*', '--exclude=./var/cache/apt/archives/*.deb'],
      ...['--exclude=./proc/*', '--exclude=./sys/*', '-C', root, '-cf', `${file}.new`, '.'],
    ])
    renameSync(`${file}.new`, file)
  } finally {
    run('sh', ['-c', 'umount "$0/proc" "$0/sys" 2>/dev/null || true', root])
    rmSync(scratch, { recursive: true, force: true })
  }
  return file
}
