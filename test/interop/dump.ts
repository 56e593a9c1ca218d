import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { World } from './world.ts'

/** The VO of the dump that everything here is asked about. */
export const VO = 'vo.0'

/** The mysqldump of a VOMS Admin database that lies beside the checkout, or undefined. */
export function dumpFile(): string | undefined {
  const folders = [
    fileURLToPath(new URL('../../../shared/data', import.meta.url)),
    process.env['VOUCHD_DATA'],
  ]
  return folders
    .filter(folder => folder !== undefined)
    .map(folder => join(folder, 'voms-testsuite', 'dump-voms_vo_0.sql'))
    .find(existsSync)
}

/** Lengths of the FQANs in long form that have to work end to end, and how group and role share them. */
const LONG_FQANS = [
  { length: 230, groupLength: 180 },
  { length: 281, groupLength: 200 },
  { length: 354, groupLength: 220 },
  { length: 527, groupLength: 250 },
  // Beyond what one path element and one role name can make: the group lies a level deeper.
  { length: 783, groupLength: 506 },
] as const

export interface LongFqan {
  readonly length: number
  /** Every group from below the VO's root down to the one with the role. */
  readonly groups: readonly string[]
  readonly group: string
  readonly role: string
}

function longFqan(length: number, groupLength: number): LongFqan {
  const role = `r${length}`.padEnd(length - groupLength - '/Role='.length - '/Capability=NULL'.length, 'r')
  const parent = `/${VO}/g${length}`.padEnd(Math.min(groupLength, 255), 'g')
  const groups = groupLength <= 255 ? [parent] : [parent, `${parent}/d`.padEnd(groupLength, 'd')]
  return { length, groups, group: groups.at(-1)!, role }
}

export const longFqans: readonly LongFqan[] = LONG_FQANS.map(({ length, groupLength }) =>
  longFqan(length, groupLength),
)

/** A generic attribute as an AC carries it. */
export interface ExpectedAttribute {
  readonly name: string
  readonly value: string
  readonly qualifier: string
}

/**
 * Where the attributes' user holds role R2, and an attribute of each kind in the order that ACs have them; one
 * value is as long as they get.
 */
export const ATTRIBUTES_GROUP = `/${VO}/attributes`
export const ATTRIBUTES_ROLE = 'R2'
export const attributes: readonly ExpectedAttribute[] = [
  { name: 'queue', value: 'gold', qualifier: `${ATTRIBUTES_GROUP}/Role=${ATTRIBUTES_ROLE}` },
  { name: 'site', value: 'Bologna', qualifier: ATTRIBUTES_GROUP },
  { name: 'longest', value: 'v'.repeat(255), qualifier: VO },
  { name: 'nickname', value: 'a b=c', qualifier: VO },
]

const ROOT_GROUP = 1
const TEST_CA = 1
const ROLE_R2 = 3

/** Users of the world that the dump does not know, with their key in its tables. */
const FURTHER_USERS = [
  { id: 5, user: 'attributes' },
  { id: 6, user: 'longNames' },
  { id: 7, user: 'expired' },
  { id: 8, user: 'revoked' },
] as const

/** SQL text of a mysqldump: values as that program writes them. */
function insert(table: string, rows: readonly (readonly (string | number | null)[])[]): string {
  const text = (value: string | number | null) =>
    value === null ? 'NULL' : typeof value === 'number' ? `${value}` : `'${value}'`
  return `INSERT INTO \`${table}\` VALUES ${rows.map(row => `(${row.map(text).join(',')})`).join(',')};\n`
}

const FALSE = '\\0'
// A set bit is the raw octet, as mysqldump writes it.
const TRUE = '\x01'
const NOW = '2022-12-29 15:55:35'

/** Further rows: members for the world's certificates, attributes of all three kinds, long names. */
function furtherRows(world: World): string {
  const subjects = FURTHER_USERS.map(({ id, user }) => ({ id, subject: world.users[user].subject }))
  const longGroups = longFqans.flatMap(({ groups }) => groups)
  const longGroupId = (path: string) => 101 + longGroups.indexOf(path)
  const parentId = (path: string) => {
    const parent = path.slice(0, path.lastIndexOf('/'))
    return longGroups.includes(parent) ? longGroupId(parent) : ROOT_GROUP
  }
  const [queue, site, longest, nickname] = attributes.map(({ value }) => value) as [
    string,
    string,
    string,
    string,
  ]
  return [
    insert(
      'usr',
      subjects.map(({ id, subject }) => [
        ...[
          id,
          null,
          NOW,
          subject,
          `user${id}@example.org`,
          '2023-12-29 15:55:35',
          null,
          null,
          null,
          null,
          null,
        ],
        ...[FALSE, null, null, null],
      ]),
    ),
    insert(
      'certificate',
      subjects.map(({ id, subject }) => [id, NOW, subject, FALSE, null, null, TEST_CA, id]),
    ),
    insert('groups', [
      [100, null, TRUE, ATTRIBUTES_GROUP, FALSE, ROOT_GROUP],
      ...longGroups.map(path => [longGroupId(path), null, TRUE, path, FALSE, parentId(path)]),
    ]),
    insert(
      'roles',
      longFqans.map(({ role }, index) => [101 + index, role]),
    ),
    insert('m', [
      ...subjects.map(({ id }) => [100 + id, ROOT_GROUP, null, id]),
      [120, 100, null, 5],
      [121, 100, ROLE_R2, 5],
      ...longGroups.map((path, index) => [130 + index, longGroupId(path), null, 6]),
      ...longFqans.map(({ group }, index) => [150 + index, longGroupId(group), 101 + index, 6]),
    ]),
    insert('attributes', [
      [1, null, 'site', FALSE],
      [2, null, 'queue', FALSE],
      [3, null, 'longest', FALSE],
      [4, null, 'nickname', FALSE],
    ]),
    insert('usr_attrs', [
      [longest, 5, 3],
      [nickname, 5, 4],
    ]),
    insert('group_attrs', [[site, 100, 1]]),
    insert('role_attrs', [[queue, ROLE_R2, 100, 2]]),
  ].join('')
}

/**
 * Writes the dump with further rows into the world's folder, and returns its path: one file that both the
 * importer and MariaDB read, so that both servers answer from the same content.
 */
export async function writeWorldDump(world: World): Promise<string> {
  const base = dumpFile()
  if (base === undefined) throw new Error('no data to import: ../shared/data')
  // latin1 keeps every octet of the dump, raw bit values included.
  const text = (await readFile(base)).toString('latin1')
  // The deepest group path is longer than the column that VOMS Admin made.
  const widened = text.replace(/(`must` bit\(1\) NOT NULL,\s+`dn` varchar)\(255\)/, '$1(1000)')
  // Before the dump restores the session's settings, which it ends with.
  const end = widened.lastIndexOf('/*!40103 SET TIME_ZONE=')
  if (widened === text || end < 0) throw new Error(`${base} is not the dump that these tests know`)
  const file = join(world.folder, 'voms.sql')
  const rows = furtherRows(world)
  await writeFile(file, Buffer.from(widened.slice(0, end) + rows + widened.slice(end), 'latin1'))
  return file
}
