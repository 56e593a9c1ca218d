import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runOk } from './run.ts'

/** A certificate with its key as files, in the modes that grid clients insist on. */
export interface Credential {
  readonly subject: string
  readonly certificate: string
  readonly key: string
}

/**
 * A throw-away grid in one temporary folder: two trusted CAs and one that is not, a host, users, a trust
 * directory with CRLs and signing policies, a vomsdir, and room for everything else a test leaves behind.
 */
export interface World {
  readonly folder: string
  readonly caSubject: string
  readonly trustDirectory: string
  readonly vomsdir: string
  readonly host: Credential
  /** The same host with an ECDSA key. */
  readonly ecHost: Credential
  /**
   * HOST:PORT of the policyAuthority, whichever port a server really has. HOST names the LSC file, and is
   * deliberately not the name that clients connect to.
   */
  readonly uri: string
  readonly users: Readonly<Record<UserName, Credential>>
  /** test0's credential as PKCS#12; its password. */
  readonly pkcs12: { readonly file: string; readonly password: string }
  remove(): Promise<void>
}

export type UserName =
  | 'test0'
  | 'test1'
  | 'test2'
  | 'test3'
  | 'parenthesis'
  | 'attributes'
  | 'longNames'
  | 'expired'
  | 'revoked'
  | 'otherCa'
  | 'untrustedCa'

const NAME = '/C=IT/O=IGI'
/** Host of the policyAuthority and name of the LSC file. */
export const URI_HOST = 'voms.test.example'

interface Authority {
  readonly folder: string
  readonly subject: string
  readonly certificate: string
  readonly config: string
}

/** Who gets which certificate: subject CN, issuing CA, and whether it is past its time. */
const USERS: Record<UserName, { cn: string; ca: 'test' | 'other' | 'untrusted'; expired?: true }> = {
  test0: { cn: 'test0', ca: 'test' },
  test1: { cn: 'test1', ca: 'test' },
  test2: { cn: 'test2', ca: 'test' },
  test3: { cn: 'test3', ca: 'test' },
  parenthesis: { cn: '(Parenthesis)', ca: 'test' },
  attributes: { cn: 'attributes', ca: 'test' },
  longNames: { cn: 'longNames', ca: 'test' },
  expired: { cn: 'expired', ca: 'test', expired: true },
  revoked: { cn: 'revoked', ca: 'test' },
  // The same subject as a member, from a CA that is trusted but is not the registered one.
  otherCa: { cn: 'test0', ca: 'other' },
  untrustedCa: { cn: 'test0', ca: 'untrusted' },
}

function caConfig(folder: string): string {
  return `
[ca]
default_ca = this
[this]
dir = ${folder}
database = ${folder}/index.txt
serial = ${folder}/serial
crlnumber = ${folder}/crlnumber
new_certs_dir = ${folder}/issued
certificate = ${folder}/ca.pem
private_key = ${folder}/ca.key
default_md = sha256
default_crl_days = 30
unique_subject = no
email_in_dn = yes
preserve = yes
policy = any
[any]
C = optional
O = optional
CN = supplied
[req]
distinguished_name = dn
prompt = no
string_mask = utf8only
[dn]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[user]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[host]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:${URI_HOST}, DNS:localhost, IP:127.0.0.1
`
}

async function makeAuthority(folder: string, cn: string): Promise<Authority> {
  await mkdir(join(folder, 'issued'), { recursive: true })
  const config = join(folder, 'openssl.cnf')
  const subject = `${NAME}/CN=${cn}`
  await writeFile(config, caConfig(folder))
  await writeFile(join(folder, 'index.txt'), '')
  await writeFile(join(folder, 'serial'), '1000\n')
  await writeFile(join(folder, 'crlnumber'), '01\n')
  const certificate = join(folder, 'ca.pem')
  await runOk('openssl', [
    ...['req', '-new', '-x509', '-config', config, '-extensions', 'authority', '-days', '3650'],
    ...[
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      join(folder, 'ca.key'),
      '-out',
      certificate,
      '-subj',
      subject,
    ],
  ])
  return { folder, subject, certificate, config }
}

/** `openssl ca` wants times as YYMMDDHHMMSSZ. */
function opensslTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`
}

const RSA = ['rsa:2048']
const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

/** Makes the key and the request; independent of the CA's files, so that keys are made side by side. */
async function makeRequest(folder: string, config: string, subject: string, key = RSA): Promise<void> {
  await mkdir(folder, { recursive: true })
  await runOk('openssl', [
    ...['req', '-new', '-config', config, '-newkey', ...key, '-nodes', '-subj', subject],
    ...['-keyout', join(folder, 'userkey.pem'), '-out', join(folder, 'request.pem')],
  ])
}

async function issue(
  authority: Authority,
  folder: string,
  subject: string,
  profile: 'user' | 'host',
  expired: boolean,
): Promise<Credential> {
  const day = 86_400_000
  const now = Date.now()
  const certificate = join(folder, 'usercert.pem')
  await runOk('openssl', [
    ...['ca', '-batch', '-notext', '-config', authority.config, '-extensions', profile],
    ...['-in', join(folder, 'request.pem'), '-out', certificate],
    ...['-startdate', opensslTime(now - (expired ? 20 : 1) * day)],
    ...['-enddate', opensslTime(now + (expired ? -10 : 365) * day)],
  ])
  await runOk('chmod', ['0600', join(folder, 'userkey.pem')])
  await runOk('chmod', ['0644', certificate])
  return { subject, certificate, key: join(folder, 'userkey.pem') }
}

/** Installs a CA under both hash styles, with its CRL and a signing policy for the tests' name space. */
async function trust(directory: string, authority: Authority, name: string): Promise<void> {
  const crl = join(directory, `${name}.crl`)
  await copyFile(authority.certificate, join(directory, `${name}.pem`))
  await runOk('openssl', ['ca', '-gencrl', '-config', authority.config, '-out', crl])
  const policy = [
    `access_id_CA X509 '${authority.subject}'`,
    `pos_rights globus CA:sign`,
    `cond_subjects globus '"${NAME}/*"'`,
    '',
  ].join('\n')
  await writeFile(join(directory, `${name}.signing_policy`), policy)
  for (const style of ['-subject_hash', '-subject_hash_old']) {
    const hash = (await runOk('openssl', ['x509', '-noout', style, '-in', authority.certificate])).trim()
    await symlink(`${name}.pem`, join(directory, `${hash}.0`))
    await symlink(`${name}.crl`, join(directory, `${hash}.r0`))
    await symlink(`${name}.signing_policy`, join(directory, `${hash}.signing_policy`))
  }
}

/** Makes the whole world with openssl, in about two seconds. `vo` names the vomsdir's folder. */
export async function createWorld(vo: string): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchd-interop-'))
  try {
    return await fillWorld(folder, vo)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function fillWorld(folder: string, vo: string): Promise<World> {
  const trustDirectory = join(folder, 'certificates')
  const vomsdir = join(folder, 'vomsdir')
  await mkdir(trustDirectory)
  await mkdir(join(vomsdir, vo), { recursive: true })
  const [test, other, untrusted] = await Promise.all([
    makeAuthority(join(folder, 'ca-test'), 'Test CA'),
    makeAuthority(join(folder, 'ca-other'), 'Other CA'),
    makeAuthority(join(folder, 'ca-untrusted'), 'Untrusted CA'),
  ])
  const authorities = { test, other, untrusted }
  const names = Object.keys(USERS) as UserName[]
  const hostFolder = join(folder, 'host')
  const ecHostFolder = join(folder, 'host-ec')
  const hostSubject = `${NAME}/CN=${URI_HOST}`
  await Promise.all([
    makeRequest(hostFolder, test.config, hostSubject),
    makeRequest(ecHostFolder, test.config, hostSubject, P256),
    ...names.map(name =>
      makeRequest(join(folder, 'users', name), test.config, `${NAME}/CN=${USERS[name].cn}`),
    ),
  ])
  const host = await issue(test, hostFolder, hostSubject, 'host', false)
  const ecHost = await issue(test, ecHostFolder, hostSubject, 'host', false)
  const users = {} as Record<UserName, Credential>
  for (const name of names) {
    const { cn, ca, expired } = USERS[name]
    const userFolder = join(folder, 'users', name)
    users[name] = await issue(authorities[ca], userFolder, `${NAME}/CN=${cn}`, 'user', expired === true)
  }
  await runOk('openssl', ['ca', '-config', test.config, '-revoke', users.revoked.certificate])
  await trust(trustDirectory, test, 'test-ca')
  await trust(trustDirectory, other, 'other-ca')
  await writeFile(join(vomsdir, vo, `${URI_HOST}.lsc`), `${host.subject}\n${test.subject}\n`)
  const pkcs12 = { file: join(folder, 'users/test0/usercred.p12'), password: 'correct horse' }
  await runOk('openssl', [
    ...['pkcs12', '-export', '-in', users.test0.certificate, '-inkey', users.test0.key],
    ...['-out', pkcs12.file, '-passout', `pass:${pkcs12.password}`],
  ])
  await runOk('chmod', ['0600', pkcs12.file])
  return {
    ...{
      folder,
      caSubject: test.subject,
      trustDirectory,
      vomsdir,
      host,
      ecHost,
      uri: `${URI_HOST}:15000`,
      users,
      pkcs12,
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Writes a vomses file that sends clients of `vo` to a port on the loopback, and returns its path. */
export async function writeVomses(world: World, name: string, vo: string, port: number): Promise<string> {
  const file = join(world.folder, `vomses-${name}`)
  await writeFile(file, `"${vo}" "localhost" "${port}" "${world.host.subject}" "${vo}"\n`, { mode: 0o644 })
  return file
}
