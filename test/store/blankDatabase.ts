import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database } from '../../src/store/database.ts'
import { openEmbedded } from '../../src/store/embedded.ts'

/** Folder that the processes of one test run share; see blankDatabaseSetup.ts. */
export const SHARED_FOLDER = 'VOUCHD_TEST_BLANK_DATABASE'

const MAKE = fileURLToPath(new URL('./makeBlankDatabase.ts', import.meta.url))

/**
 * Puts an embedded database into `folder` as its first start makes it, before any migration: a copy of one that is made
 * once in a test run. To make one takes five seconds of processor time. Outside a test run nothing is put there, and the
 * first start makes it.
 */
export function placeBlankDatabase(folder: string): void {
  const shared = process.env[SHARED_FOLDER]
  if (shared === undefined) return
  const blank = join(shared, 'blank')
  if (!existsSync(blank)) makeOnce(shared, blank)
  mkdirSync(folder, { mode: 0o700, recursive: true })
  cpSync(join(blank, 'pgdata'), join(folder, 'pgdata'), { recursive: true })
}

/** Two processes may make one at the same time: the first has it. */
function makeOnce(shared: string, blank: string): void {
  const own = mkdtempSync(join(shared, 'making-'))
  const { status, stderr } = spawnSync(process.execPath, [MAKE, own], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`no blank database was made: ${stderr}`)
  try {
    renameSync(own, blank)
  } catch (cause) {
    if (!existsSync(blank)) throw cause
  }
}

/** An embedded database without tables, gone with its closing. */
export async function openBlankDatabase(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-blank-'))
  placeBlankDatabase(folder)
  const db = await openEmbedded(folder)
  return {
    ...db,
    async close() {
      await db.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
