import { open } from 'node:fs/promises'

/** Rows a statement: some hundred kilobytes, as mysqldump writes them. */
const ROWS_A_STATEMENT = 2000
const GROUPS = 50

/** Where a table has keys of its own beside the primary one, a follower's questions go by them. */
const TABLES = {
  version:
    '  `version` int(11) NOT NULL,\n  `admin_version` varchar(255) NOT NULL,\n  PRIMARY KEY (`version`)',
  ca: `  \`cid\` smallint(6) NOT NULL AUTO_INCREMENT,
  \`creation_time\` datetime NOT NULL,
  \`description\` varchar(255) DEFAULT NULL,
  \`subject_string\` varchar(255) NOT NULL,
  PRIMARY KEY (\`cid\`)`,
  groups: `  \`gid\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`description\` varchar(255) DEFAULT NULL,
  \`must\` bit(1) NOT NULL,
  \`dn\` varchar(255) NOT NULL,
  \`restricted\` bit(1) DEFAULT NULL,
  \`parent\` bigint(20) NOT NULL,
  PRIMARY KEY (\`gid\`)`,
  roles:
    '  `rid` bigint(20) NOT NULL AUTO_INCREMENT,\n  `role` varchar(255) NOT NULL,\n  PRIMARY KEY (`rid`)',
  usr: `  \`userid\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`address\` varchar(255) DEFAULT NULL,
  \`creation_time\` datetime NOT NULL,
  \`dn\` varchar(255) DEFAULT NULL,
  \`email_address\` varchar(255) NOT NULL,
  \`end_time\` datetime DEFAULT NULL,
  \`institution\` varchar(255) DEFAULT NULL,
  \`name\` varchar(255) DEFAULT NULL,
  \`orgdb_id\` bigint(20) DEFAULT NULL,
  \`phone_number\` varchar(255) DEFAULT NULL,
  \`surname\` varchar(255) DEFAULT NULL,
  \`suspended\` bit(1) DEFAULT NULL,
  \`suspension_reason\` varchar(255) DEFAULT NULL,
  \`suspension_reason_code\` varchar(255) DEFAULT NULL,
  \`ca\` smallint(6) DEFAULT NULL,
  PRIMARY KEY (\`userid\`)`,
  certificate: `  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`creation_time\` datetime NOT NULL,
  \`subject_string\` varchar(255) NOT NULL,
  \`suspended\` bit(1) NOT NULL,
  \`suspended_reason\` varchar(255) DEFAULT NULL,
  \`suspension_reason_code\` varchar(255) DEFAULT NULL,
  \`ca_id\` smallint(6) NOT NULL,
  \`usr_id\` bigint(20) NOT NULL,
  PRIMARY KEY (\`id\`),
  KEY \`usr\` (\`usr_id\`)`,
  m: `  \`mapping_id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`gid\` bigint(20) NOT NULL,
  \`rid\` bigint(20) DEFAULT NULL,
  \`userid\` bigint(20) NOT NULL,
  PRIMARY KEY (\`mapping_id\`),
  KEY \`usr\` (\`userid\`)`,
  attributes: `  \`a_id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`a_desc\` text,
  \`a_name\` varchar(255) NOT NULL,
  \`a_uniq\` bit(1) NOT NULL,
  PRIMARY KEY (\`a_id\`)`,
  usr_attrs: `  \`a_value\` varchar(255) DEFAULT NULL,
  \`u_id\` bigint(20) NOT NULL,
  \`a_id\` bigint(20) NOT NULL,
  PRIMARY KEY (\`u_id\`,\`a_id\`)`,
  aup: `  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`name\` varchar(255) NOT NULL,
  \`description\` varchar(255) DEFAULT NULL,
  \`reacceptancePeriod\` int(11) NOT NULL,
  PRIMARY KEY (\`id\`)`,
  aup_version: `  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`aup_id\` bigint(20) NOT NULL,
  \`version\` varchar(255) NOT NULL,
  \`url\` varchar(255) DEFAULT NULL,
  \`text\` varchar(255) DEFAULT NULL,
  \`creationTime\` datetime NOT NULL,
  \`lastForcedReacceptanceTime\` datetime DEFAULT NULL,
  \`active\` bit(1) NOT NULL,
  PRIMARY KEY (\`id\`)`,
  aup_acc_record: `  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`aup_version_id\` bigint(20) NOT NULL,
  \`usr_id\` bigint(20) NOT NULL,
  \`last_acceptance_date\` datetime NOT NULL,
  \`valid\` bit(1) DEFAULT NULL,
  PRIMARY KEY (\`id\`)`,
} as const

/**
 * Writes a mysqldump of a VOMS Admin database, schema 3, of the VO "scale" with that many members: personal data, one
 * certificate, one attribute and one signature of the policy each, everybody in the VO and in one of 50 groups, every
 * fifth with the role there.
 */
export async function writeVomsAdminDump(file: string, members: number): Promise<void> {
  const out = await open(file, 'w')
  const rows = async (table: keyof typeof TABLES, count: number, row: (n: number) => string) => {
    await out.write(
      `CREATE TABLE \`${table}\` (\n${TABLES[table]}\n) ENGINE=InnoDB DEFAULT CHARSET=latin1;\n`,
    )
    for (let first = 1; first <= count; first += ROWS_A_STATEMENT) {
      const some = Math.min(ROWS_A_STATEMENT, count - first + 1)
      const values = Array.from({ length: some }, (_, n) => row(first + n))
      await out.write(`INSERT INTO \`${table}\` VALUES ${values.join(',')};\n`)
    }
  }
  const group = (n: number) => 2 + (n % GROUPS)
  await out.write('-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\n')
  await rows('version', 1, () => `(3,'6')`)
  await rows('ca', 1, () => `(1,'2020-01-01 00:00:00',NULL,'/C=IT/O=Scale/CN=CA')`)
  await rows('groups', GROUPS + 1, n => `(${n},NULL,'\x01','/scale${n === 1 ? '' : `/g${n}`}','\\0',1)`)
  await rows('roles', 1, () => `(1,'production')`)
  await rows(
    'usr',
    members,
    n =>
      `(${n},'${n} Long Road, Town','2024-01-01 00:00:00','/C=IT/O=Scale/CN=Member ${n}','m${n}@scale.example',` +
      `'2030-01-01 00:00:00','Institute ${n % 200}','Member',${n},'+41 22 ${n}','Number ${n}','\\0',NULL,NULL,1)`,
  )
  await rows(
    'certificate',
    members,
    n => `(${n},'2024-01-01 00:00:00','/C=IT/O=Scale/CN=Member ${n}','\\0',NULL,NULL,1,${n})`,
  )
  await rows('m', 2 * members + Math.floor(members / 5), n => {
    if (n <= members) return `(${n},1,NULL,${n})`
    if (n <= 2 * members) return `(${n},${group(n - members)},NULL,${n - members})`
    const fifth = 5 * (n - 2 * members)
    return `(${n},${group(fifth)},1,${fifth})`
  })
  await rows('attributes', 1, () => `(1,'login name','nickname','\x01')`)
  await rows('usr_attrs', members, n => `('member${n}',${n},1)`)
  await rows('aup', 1, () => `(1,'VO-AUP','',365)`)
  await rows(
    'aup_version',
    1,
    () => `(1,1,'1.0','https://scale.example/aup',NULL,'2024-01-01 00:00:00',NULL,'\x01')`,
  )
  await rows('aup_acc_record', members, n => `(${n},1,${n},'2025-01-01 00:00:00','\x01')`)
  await out.write('-- Dump completed on 2026-01-01  0:00:00\n')
  await out.close()
}
