import type { FollowConfig } from '../config/types.ts'
import type { FollowerOptions } from './follower.ts'
import { IAM } from './iam.ts'
import { readPasswordFile } from './readPasswordFile.ts'
import { VOMS_ADMIN } from './vomsAdmin.ts'

/** A follower of the source that the configuration of a VO names. */
export function followerOptions(vo: string, follow: FollowConfig): FollowerOptions {
  const { everySeconds, source, passwordFile, ...place } = follow
  return {
    ...{ vo, everySeconds, kind: source === 'iam' ? IAM : VOMS_ADMIN },
    // Read anew for each connection: a password may change while the daemon runs.
    address: () => ({
      ...place,
      password: passwordFile === undefined ? undefined : readPasswordFile(passwordFile),
    }),
  }
}
