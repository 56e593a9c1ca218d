import { IAM } from '../adopt/iam.ts'
import { withLocalSocket } from '../adopt/mysqlAddress.ts'
import { openMysql } from '../adopt/mysqlDatabase.ts'
import { readPasswordFile } from '../adopt/readPasswordFile.ts'
import { SourceError } from '../adopt/SourceError.ts'
import { VOMS_ADMIN } from '../adopt/vomsAdmin.ts'
import type { Config, FollowConfig } from '../config/types.ts'
import type { CheckFinding } from './finding.ts'

/** Whether the databases that VOs are mirrored from can be read, and are what they are said to be. */
export async function checkSources({ vos }: Config): Promise<CheckFinding[]> {
  const followed = vos.flatMap(({ follow }, index) =>
    follow ? [{ follow, place: `vo[${index}].follow` }] : [],
  )
  return (await Promise.all(followed.map(({ follow, place }) => checkSource(follow, place)))).flat()
}

async function checkSource(follow: FollowConfig, place: string): Promise<CheckFinding[]> {
  const { passwordFile, ...address } = follow
  const { required, title } = follow.source === 'iam' ? IAM : VOMS_ADMIN
  try {
    const password = passwordFile === undefined ? undefined : readPasswordFile(passwordFile)
    const source = await openMysql(withLocalSocket({ ...address, password }))
    source.close()
    const missing = Object.keys(required).filter(table => !source.tables.has(table))
    if (missing.length === 0) return []
    const what = `${source.name} is no database of ${title}: it has no table ${missing.join(', ')}`
    return [finding(place, what, 'name the right database')]
  } catch (cause) {
    if (!(cause instanceof SourceError)) throw cause
    const advice = 'correct the address, user or password; without it members stay as they were mirrored last'
    return [finding(place, cause.message, advice)]
  }
}

function finding(place: string, what: string, advice: string): CheckFinding {
  return { area: 'database', level: 'error', place, what, advice }
}
