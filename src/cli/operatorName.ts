import { userInfo } from 'node:os'

/**
 * Who runs a command, for the record of changes: the Unix user, and through sudo the one who called it. A hint, not a
 * proof: whoever may change the database may set an environment, too.
 */
export function operatorName(user: string, env: Readonly<Record<string, string | undefined>>): string {
  const caller = env['SUDO_USER']
  if (!caller || caller === user || !/^[\w.@-]{1,64}\$?$/.test(caller)) return user
  return `${caller} as ${user}`
}

/** The Unix user of this process; one without an entry in the system's list goes by number. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
