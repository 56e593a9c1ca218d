import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../../src/store/database.ts'
import { openStore } from '../../src/store/openStore.ts'
import { createCa } from '../pki/createCa.ts'
import { writeCertificateFile } from '../pki/credentialFiles.ts'
import { issueEec } from '../pki/issueEec.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { DECADES, makeSite } from './siteFolder.ts'

export const ADMIN_PAGE = join(import.meta.dirname, '../../docs/admin.md')

/** One command of the page, with the lines that it prints there. */
export interface PageCommand {
  readonly command: string
  readonly printed: string
}

/** The commands of a page's console blocks, in order. */
export function commandsOf(page: string): PageCommand[] {
  const blocks = [...page.matchAll(/```console\n([\s\S]*?)```/g)].map(match => match[1]!)
  return blocks.flatMap(block =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map(text => {
        const [command, ...printed] = text.split('\n')
        return { command: command!, printed: printed.join('\n') }
      }),
  )
}

export interface PageSite {
  /** Runs a line in a shell, with `vouchd` as this checkout has it; what it prints, messages included. */
  run(line: string): string
  close(): Promise<void>
}

/** A machine as the page presumes it: a configured VO, the files that it names, and the daemon's database running. */
export async function makePageSite(): Promise<PageSite> {
  const site = makeSite()
  placeBlankDatabase(site.path('database'))
  writeFileSync(site.config, readFileSync(site.config, 'utf8').replaceAll('vo.0', 'vo.example'))
  const work = site.path('work')
  mkdirSync(work)
  const ada = issueEec(site.ca, { subject: '/C=IT/O=G/CN=Ada Lovelace', ...DECADES })
  writeCertificateFile(join(work, 'ada.pem'), ada)
  const other = createCa({ subject: '/C=UK/O=Other/CN=CA', ...DECADES })
  const ada2 = issueEec(other, { subject: '/C=UK/O=Other/CN=Ada King', ...DECADES })
  writeCertificateFile(join(work, 'ada2.pem'), ada2)
  writeFileSync(
    join(work, 'members.csv'),
    `subject,issuer,given name,surname,email,groups
/C=IT/O=G/CN=Mary Somerville,/C=IT/O=G/CN=CA,Mary,Somerville,mary@example.org,/vo.example/physics
/C=IT/O=G/CN=Luigi Menabrea,/C=IT/O=G/CN=CA,Luigi,Menabrea,luigi@example.org,/vo.example/physics/higgs;/vo.example/admins
`,
  )
  const bin = site.path('bin')
  mkdirSync(bin)
  const vouchd = join(import.meta.dirname, '../../bin/vouchd')
  writeFileSync(join(bin, 'vouchd'), `#!/bin/sh\nexec '${vouchd}' --config '${site.config}' "$@"\n`)
  chmodSync(join(bin, 'vouchd'), 0o755)
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env['PATH']}`,
    SUDO_USER: 'ada',
    LC_ALL: 'C.UTF-8',
    NODE_COMPILE_CACHE: site.path('compiled'),
  }
  const db: Database = await openStore({ kind: 'embedded', folder: site.path('database') }, { mode: 'serve' })
  return {
    run: line =>
      execFileSync('sh', ['-c', `${line} 2>&1`], { cwd: work, env, encoding: 'utf8', timeout: 60_000 }),
    async close() {
      await db.close()
      site.remove()
    },
  }
}
