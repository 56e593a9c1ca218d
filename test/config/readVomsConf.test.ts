import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/ConfigError.ts'
import { checkConfig } from '../../src/config/checkConfig.ts'
import { loadConfig } from '../../src/config/loadConfig.ts'
import { readVomsConf } from '../../src/config/readVomsConf.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchd-vomsconf-'))
  passfile('secret\n', 0o640)
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function passfile(text: string, mode: number): void {
  chmodSync(write('voms.pass', text), mode)
}

const uid = process.getuid?.() ?? 0
const deps = { hostName: 'this.example.org', hasIpv6: true, uid }
const read = (...paths: string[]) => readVomsConf(paths, deps)

const GENERATED = `--x509_user_cert=/etc/grid-security/vomscert.pem
--x509_user_key=/etc/grid-security/vomskey.pem
--dbname=voms_vo_0
--contactstring=db.example.org
--username=voms_admin
--mysql-port=3307
--logfile=/var/log/voms/voms.vo.0
--loglevel=4
--logtype=7
--passfile=voms.pass
--port=15001
--code=15001
--sqlloc=/usr/lib64/voms/libvomsmysql.so
--vo=vo.0
--uri=voms.example.org:15001
--timeout=43200
--socktimeout=60
--max-reqs=50
--skipcacheck
--shortfqans
`

it('gives the configuration that TOML would give, and says what it ignores', () => {
  const { tables, ignored } = read(write('voms.conf', GENERATED))
  expect(tables).toEqual({
    log: { level: 'info' },
    limits: { handshakeSeconds: 60, requestSeconds: 60, connectionSeconds: 180 },
    vo: [
      {
        ...{ name: 'vo.0', listen: ['0.0.0.0:15001', '[::]:15001'], uri: 'voms.example.org:15001' },
        hostCredentials: [
          { certificate: '/etc/grid-security/vomscert.pem', key: '/etc/grid-security/vomskey.pem' },
        ],
        ...{ maxLifetimeSeconds: 43_200, fqanForm: 'short', matchSubjectOnly: true },
        follow: {
          ...{ source: 'voms-admin', host: 'db.example.org', port: 3307, database: 'voms_vo_0' },
          ...{ user: 'voms_admin', passwordFile: join(folder, 'voms.pass') },
        },
      },
    ],
  })
  expect(ignored.map(({ line, option }) => [line, option])).toEqual([
    [7, '--logfile=/var/log/voms/voms.vo.0'],
    [9, '--logtype=7'],
    [12, '--code=15001'],
    [13, '--sqlloc=/usr/lib64/voms/libvomsmysql.so'],
    [18, '--max-reqs=50'],
  ])
  for (const { why } of ignored) expect(why).toMatch(/\w/)
  const config = checkConfig(tables, '/')
  expect(config.vos[0]).toMatchObject({
    name: 'vo.0',
    follow: { everySeconds: 10, tls: 'off', socket: undefined },
  })
  expect(config.store.kind).toBe('embedded')
})

it('has the defaults of vomsd', () => {
  const { tables } = read(write('voms.conf', '--vo=vo.0 --passfile=voms.pass'))
  expect(tables).toEqual({
    vo: [
      {
        ...{ name: 'vo.0', listen: ['0.0.0.0:15000', '[::]:15000'], uri: 'this.example.org:15000' },
        hostCredentials: [
          { certificate: '/etc/grid-security/hostcert.pem', key: '/etc/grid-security/hostkey.pem' },
        ],
        follow: {
          ...{ source: 'voms-admin', host: 'localhost', database: 'voms', user: 'voms' },
          passwordFile: join(folder, 'voms.pass'),
        },
      },
    ],
  })
})

it('takes folders of files, and the last of an option that is given twice', () => {
  mkdirSync(join(folder, 'b'))
  write('b/voms.conf', `--vo=b --port=15002 --passfile=../voms.pass`)
  write('a.conf', '--vo=x --passfile=voms.pass --vo=a')
  const { tables, files, ignored } = read(folder)
  expect((tables['vo'] as { name: string }[]).map(({ name }) => name)).toEqual(['a', 'b'])
  expect(files).toEqual([join(folder, 'a.conf'), join(folder, 'b/voms.conf')])
  expect(ignored).toEqual([
    { file: join(folder, 'a.conf'), line: 1, option: '--vo=x', why: 'it is given again further down' },
  ])
})

function faultsOf(...paths: string[]): string {
  try {
    loadConfig({ file: undefined, vomsConf: paths })
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.message
    throw cause
  }
  return ''
}

it.each<[string, string, number, string]>([
  ['a mode other than 0640', 'secret\n', 0o600, 'has the mode 0600; chmod 0640'],
  ['no line end', 'secret', 0o640, 'has no line end behind the password'],
])('refuses a password file with %s', (_name, text, mode, message) => {
  passfile(text, mode)
  expect(faultsOf(write('voms.conf', '--vo=a\n--passfile=voms.pass'))).toContain(message)
})

it.each<[string, string, string]>([
  ['no password file', '--vo=a', '--passfile is missing'],
  ['no VO', '--passfile=voms.pass', 'names no VO; write --vo=NAME'],
  ['a bad token', '--vo=a hello', 'voms.conf: line 1, column 8 (token 2): "hello" is no option'],
  [
    'a port that is none',
    '--vo=a --passfile=voms.pass --port=70000',
    'line 1, column 29: --port 70000 is no port',
  ],
  [
    'a value that no configuration takes',
    '--vo=/a --passfile=voms.pass',
    'voms.conf: name: "/a" is not a value',
  ],
  ['an address in use', '', 'holds no voms.conf'],
])('explains %s, with the place', (name, text, message) => {
  const target = name === 'an address in use' ? folder : write('voms.conf', text)
  expect(faultsOf(target)).toContain(message)
})

it('refuses two trust directories', () => {
  const a = write('a.conf', '--vo=a --passfile=voms.pass --x509_cert_dir=/a')
  const b = write('b.conf', '--vo=b --port=15001 --passfile=voms.pass --x509_cert_dir=/b')
  expect(faultsOf(a, b)).toContain('x509_cert_dir: differs: /a, /b')
})

it('stands beside a TOML file, which wins in all else and has its own VOs first', () => {
  const conf = write('voms.conf', '--vo=b --passfile=voms.pass --loglevel=5 --backlog=10')
  const toml = write(
    'vouchd.toml',
    '[log]\nlevel = "warn"\n[[vo]]\nname = "a"\nlisten = ["127.0.0.1:0"]\nuri = "h.example:1"\n',
  )
  const { config } = loadConfig({ file: toml, vomsConf: [conf] })
  expect(config.vos.map(({ name }) => name)).toEqual(['a', 'b'])
  expect([config.log.level, config.limits.backlog]).toEqual(['warn', 10])
})
