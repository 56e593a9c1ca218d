import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import type { StoreConfig } from '../../src/config/types.ts'
import type { Queryable } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/openStore.ts'
import { issueHost } from '../../test/cli/siteFolder.ts'
import { writeCertificateFile, writeKeyFile } from '../../test/pki/credentialFiles.ts'
import type { Credential } from '../../test/pki/issueCertificate.ts'
import { issueEec } from '../../test/pki/issueEec.ts'
import { issueProxy } from '../../test/pki/issueProxy.ts'
import { newKey, type RsaBits, storedRsaKey } from '../../test/pki/keys.ts'
import { signingPolicyText } from '../../test/pki/policyText.ts'
import { writeTrustDirectory } from '../../test/pki/trustDirectory.ts'
import { placeBlankDatabase } from '../../test/store/blankDatabase.ts'
import { benchCa, benchDates, CA_DN } from './benchCa.ts'
import type { Grant } from './proveAnswer.ts'

export const VO = 'bench.vo'
export const USER_DN = '/C=IT/O=Bench/CN=user'

/** Which host credentials the servers show. */
export type HostKind = 'rsa' | 'ec' | 'dual'
/** Which key signs ACs. */
export type AcKind = 'rsa' | 'ec'
export type ChainKind = 'eec' | 'proxy'

export interface PemPaths {
  readonly certificate: string
  readonly key: string
}

/**
 * Throw-away credentials, trust directory and an embedded database with one member: 6 FQANs, 2 attributes. And so
 * many more members, all in the same groups.
 */
export interface BenchWorld {
  readonly folder: string
  /** The file of the key that signs ACs. */
  acKey(kind?: AcKind): string
  hostCredentials(kind: HostKind): readonly PemPaths[]
  client(chain: ChainKind): PemPaths
  /** What an answer to REQUESTS has to grant to the client, with the AC signed by the key of this kind. */
  grant(acKind?: AcKind): Grant
  /** The further members, each with an EC key; what they hold is what the first one does. */
  readonly members: readonly Credential[]
  /** Has a certificate of the CA, and is in no VO. */
  readonly stranger: Credential
  /**
   * Writes a configuration and gives its path; `more` goes before [[vo]], `vo` into it; ACs are signed with the RSA
   * key unless told otherwise.
   */
  configure(kind: HostKind, port: number, more?: string, vo?: string, acKind?: AcKind): string
  remove(): void
}

export async function createBenchWorld(
  now: number,
  memberCount = 0,
  hostBits: RsaBits = 2048,
): Promise<BenchWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-bench-'))
  const path = (name: string) => join(folder, name)
  const dates = benchDates(now)
  const ca = benchCa(now)
  writeHostFiles(folder, ca, now, hostBits)
  const user = issueEec(ca, { subject: USER_DN, key: storedRsaKey(2048, 1), ...dates })
  const proxy = issueProxy(user, { ...dates, key: storedRsaKey(2048, 2) })
  const subjects = Array.from({ length: memberCount }, (_, n) => `/C=IT/O=Bench/CN=member ${n}`)
  const members = subjects.map(subject => issueEec(ca, { subject, ...dates }))
  for (const [name, credential, chain] of [
    ['eec', user, []],
    ['proxy', proxy, [user]],
  ] as const) {
    writeCertificateFile(path(`${name}.pem`), credential, chain)
    writeKeyFile(path(`${name}.key`), credential)
  }
  placeBlankDatabase(path('database'))
  await fill({ kind: 'embedded', folder: path('database') }, subjects)

  const paths = (name: string): PemPaths => ({ certificate: path(`${name}.pem`), key: path(`${name}.key`) })
  const hostCredentials = (kind: HostKind) => (kind === 'dual' ? [paths('rsa'), paths('ec')] : [paths(kind)])
  return {
    folder,
    acKey: (kind = 'rsa') => path(`${kind}.key`),
    hostCredentials,
    client: paths,
    grant: (acKind = 'rsa') => ({
      holder: user.der,
      issuer: new X509Certificate(readFileSync(path(`${acKind}.pem`))).raw,
      ...GRANTED,
    }),
    members,
    stranger: issueEec(ca, { subject: '/C=IT/O=Bench/CN=stranger', ...dates }),
    configure(kind, port, more = '', vo = '', acKind = 'rsa') {
      const file = path(`vouchd-${kind}-${port}.toml`)
      writeFileSync(
        file,
        `[store]
folder = "database"
${TRUST_TOML}
${more.includes('[audit]') ? '' : '[audit]\nfolder = "audit"'}
${more.includes('[observe]') ? '' : `[observe]\nlisten = ["unix:${observeSocket(file)}"]`}
${more}
[[vo]]
name = "${VO}"
listen = ["127.0.0.1:${port}"]
uri = "voms.example.org:15000"
${credentialToml(kind, acKind)}
${vo}
`,
      )
      return file
    },
    remove() {
      chmodSync(folder, 0o700)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Host credentials of both kinds, the trust directory, and an empty vomsdir. */
export function writeHostFiles(folder: string, ca: Credential, now: number, rsaBits: RsaBits = 2048): void {
  for (const [name, key] of [
    ['rsa', storedRsaKey(rsaBits, 0)],
    ['ec', newKey('p256')],
  ] as const) {
    const host = issueHost(ca, key, { subject: '/C=IT/O=Bench/CN=voms.example.org', ...benchDates(now) })
    writeCertificateFile(join(folder, `${name}.pem`), host)
    writeKeyFile(join(folder, `${name}.key`), host)
  }
  writeTrustDirectory(join(folder, 'certificates'), [
    { ca, signingPolicy: signingPolicyText(CA_DN, ['/C=IT/O=Bench/*']) },
  ])
  mkdirSync(join(folder, 'vomsdir'))
}

export const TRUST_TOML = '[trust]\ndirectory = "certificates"\nvomsdir = "vomsdir"'

/** Of a [[vo]], over what writeHostFiles() wrote. */
export function credentialToml(kind: HostKind, acKind: AcKind = 'rsa'): string {
  const toml = (name: string) => `{ certificate = "${name}.pem", key = "${name}.key" }`
  const kinds = kind === 'dual' ? ['rsa', 'ec'] : [kind]
  return `hostCredentials = [${kinds.map(toml).join(', ')}]\nacCredential = ${toml(acKind)}${acKind === 'ec' ? '\nallowEcAcKey = true' : ''}`
}

/** Where the daemon of a configuration of this world can be watched, unless that says otherwise. */
export function observeSocket(config: string): string {
  return config.replace(/\.toml$/, '.sock')
}

async function fill(store: StoreConfig, subjects: readonly string[]): Promise<void> {
  const db = await openStore(store, { mode: 'owner' })
  try {
    await migrate(db)
    await fillBenchVo(db)
    await db.query(MORE_MEMBERS, [subjects, subjects.map(keyOfString), CA_DN, keyOfString(CA_DN)])
  } finally {
    await db.close()
  }
}

/** The VO of the benchmarks: one member, with what makes a typical AC. */
export async function fillBenchVo(db: Queryable): Promise<void> {
  await db.query(SAMPLE)
}

const SAMPLE = `
insert into vouchd.vo (name, enforce_end_dates) values ('${VO}', false);
insert into vouchd.vo_group (vo_id, path)
  select id, path from vouchd.vo, unnest(array['/${VO}', '/${VO}/g1', '/${VO}/g2', '/${VO}/g2/g3', '/${VO}/production'])
    with ordinality as g (path, n) order by n;
insert into vouchd.role (vo_id, name) select id, 'manager' from vouchd.vo;
insert into vouchd.member (vo_id, given_name, surname) select id, 'Bench', 'User' from vouchd.vo;
insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
  select vo_id, id, '${USER_DN}', '${keyOfString(USER_DN)}', '${CA_DN}', '${keyOfString(CA_DN)}' from vouchd.member;
insert into vouchd.holding (vo_id, member_id, group_id)
  select m.vo_id, m.id, g.id from vouchd.member m join vouchd.vo_group g using (vo_id);
insert into vouchd.holding (vo_id, member_id, group_id, role_id)
  select m.vo_id, m.id, g.id, r.id from vouchd.member m join vouchd.vo_group g using (vo_id)
  join vouchd.role r using (vo_id) where g.path = '/${VO}/production';
insert into vouchd.attribute_class (vo_id, name) select id, name2 from vouchd.vo, unnest(array['nickname', 'queue']) as c (name2);
insert into vouchd.member_attribute (vo_id, member_id, class_id, value)
  select m.vo_id, m.id, c.id, 'bench' from vouchd.member m join vouchd.attribute_class c using (vo_id) where c.name = 'nickname';
insert into vouchd.group_attribute (vo_id, group_id, class_id, value)
  select g.vo_id, g.id, c.id, 'long' from vouchd.vo_group g join vouchd.attribute_class c using (vo_id)
  where c.name = 'queue' and g.path = '/${VO}/g1';
`

/** Members of these subjects, each in every group and role that the first one has. */
const MORE_MEMBERS = `
with given as (select * from unnest($1::text[], $2::text[]) with ordinality as g (subject, subject_key, n)),
  added as (
    insert into vouchd.member (vo_id, source_id, given_name) select v.id, 'm' || n, subject from given, vouchd.vo v
    returning id, vo_id, source_id),
  certified as (
    insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
    select a.vo_id, a.id, g.subject, g.subject_key, $3, $4 from added a join given g on a.source_id = 'm' || g.n)
insert into vouchd.holding (vo_id, member_id, group_id, role_id)
  select a.vo_id, a.id, h.group_id, h.role_id from added a join vouchd.holding h using (vo_id)`

/** The request of the load: a role, so that the AC holds six FQANs and both attributes. */
export const REQUESTS = {
  rest: `GET /generate-ac?fqans=/${VO}/production/Role=manager&lifetime=43200 HTTP/1.1\r\nHost: voms.example.org\r\n\r\n`,
  legacy: `<?xml version="1.0" encoding="US-ASCII"?><voms><command>B/${VO}/production:manager</command><base64>1</base64><lifetime>43200</lifetime></voms>`,
} as const

/** What SAMPLE gives the member who asks so: the role first, then all groups; a group's attribute, and his own. */
const GRANTED = {
  fqans: [
    `/${VO}/production/Role=manager/Capability=NULL`,
    ...['', '/g1', '/g2', '/g2/g3', '/production'].map(group => `/${VO}${group}/Role=NULL/Capability=NULL`),
  ],
  attributes: [`queue = long (/${VO}/g1)`, `nickname = bench (${VO})`],
} as const
