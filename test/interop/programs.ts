import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian's programs that these suites run, and the package that brings each. */
const PACKAGES = {
  openssl: 'openssl',
  curl: 'curl',
  'voms-proxy-init2': 'voms-clients',
  'voms-proxy-info2': 'voms-clients',
  'voms-verify': 'voms-clients',
  'voms-proxy-init3': 'voms-clients-java',
  'voms-proxy-info3': 'voms-clients-java',
  arcproxy: 'nordugrid-arc-client',
  voms: 'voms-server',
  'libvomsmysql.so': 'voms-mysql-plugin',
  mariadbd: 'mariadb-server',
  'mariadb-install-db': 'mariadb-server',
} as const

export type Program = keyof typeof PACKAGES

/** Where servers live that are not on every user's PATH; vomsd's plug-in is looked up like a program. */
const FURTHER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/lib/voms', '/usr/lib64/voms']

/** The absolute path of a program, or undefined where it is not installed. */
export function findProgram(program: Program): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...FURTHER_FOLDERS]
  return folders.map(folder => join(folder, program)).find(isReadable)
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** The path of a program known to be there. Throws with the line that installs it. */
export function programPath(program: Program): string {
  const path = findProgram(program)
  if (path === undefined) throw new Error(missing([program]) ?? program)
  return path
}

/** A sentence naming what is not installed and how to install it, or undefined when all is there. */
export function missing(programs: readonly Program[]): string | undefined {
  const absent = programs.filter(program => findProgram(program) === undefined)
  if (absent.length === 0) return undefined
  const packages = [...new Set(absent.map(program => PACKAGES[program]))]
  return `${absent.join(', ')} not installed: apt-get install --no-install-recommends ${packages.join(' ')}`
}
