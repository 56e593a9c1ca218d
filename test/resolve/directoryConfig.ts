import type { DirectoryConfig } from '../../src/config/types.ts'

/** Our own views, a small cache, and times as they are by default. */
export const DIRECTORY_CONFIG: DirectoryConfig = {
  holdingsView: 'vouchd.holdings',
  attributesView: 'vouchd.attributes',
  versionQuery: undefined,
  cacheMembers: 100,
  cacheSeconds: 300,
  graceSeconds: 900,
}
