import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SHARED_FOLDER } from './blankDatabase.ts'

/** For one run of the tests: the folder in which the first that needs a blank database leaves it for the others. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-tests-'))
  process.env[SHARED_FOLDER] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
