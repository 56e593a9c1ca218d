import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type MysqlAddress, mysqlName, parseMysqlUrl, withLocalSocket } from '../../src/adopt/mysqlAddress.ts'
import { compareProbes, type Probe } from '../../src/adopt/probeSource.ts'
import { readPasswordFile } from '../../src/adopt/readPasswordFile.ts'

const LOCAL: MysqlAddress = {
  ...{ host: 'localhost', port: 3306, socket: undefined, database: 'd', user: 'u' },
  ...{ password: undefined, tls: 'off' },
}

describe('the address of a database', () => {
  it.each<[string, Partial<MysqlAddress>]>([
    ['mysql://u@localhost/d', {}],
    ['mariadb://u@localhost:3306/d', {}],
    ['mysql://u:p%40ss@db.example:3307/d', { host: 'db.example', port: 3307, password: 'p@ss' }],
    ['mysql://u@[::1]/d?tls=verify-full', { host: '::1', tls: 'verify-full' }],
    ['mysql://u@localhost/d?socket=/run/x.sock', { socket: '/run/x.sock' }],
  ])('%s', (url, expected) => {
    expect(parseMysqlUrl(url)).toEqual({ ...LOCAL, ...expected })
  })

  it.each([
    'localhost',
    'http://u@h/d',
    'mysql://h/d',
    'mysql://u@h',
    'mysql://u@h/d/e',
    'mysql://u@h/d?tls=maybe',
    'mysql://u@h/d?charset=x',
    'mysql://u@h/%zz',
  ])('is refused: %s', url => {
    expect(() => parseMysqlUrl(url)).toThrow(expect.objectContaining({ code: 'SOURCE_ADDRESS' }))
  })

  it('is told without its password', () => {
    expect(mysqlName(parseMysqlUrl('mysql://u:secret@db.example:3307/d'))).toBe('mysql://u@db.example:3307/d')
    expect(mysqlName(parseMysqlUrl('mysql://u@[::1]/d'))).toBe('mysql://u@[::1]/d')
  })

  it('of localhost is the Unix socket where there is one, and nothing else was named', () => {
    const exists = (path: unknown) => path === '/var/lib/mysql/mysql.sock'
    expect(withLocalSocket(LOCAL, exists).socket).toBe('/var/lib/mysql/mysql.sock')
    expect(withLocalSocket(LOCAL, () => false).socket).toBeUndefined()
    expect(withLocalSocket({ ...LOCAL, port: 3307 }, exists).socket).toBeUndefined()
    expect(withLocalSocket({ ...LOCAL, host: '127.0.0.1' }, exists).socket).toBeUndefined()
  })
})

describe('a password file', () => {
  it('gives its first line, and is refused where everybody may read it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchd-password-'))
    const file = join(folder, 'password')
    writeFileSync(file, 'secret\nmore\n')
    chmodSync(file, 0o640)
    expect(readPasswordFile(file)).toBe('secret')
    chmodSync(file, 0o644)
    expect(() => readPasswordFile(file)).toThrow('may be read by everybody')
    rmSync(folder, { recursive: true })
    expect(() => readPasswordFile(file)).toThrow(expect.objectContaining({ code: 'SOURCE_ADDRESS' }))
  })
})

describe('what two looks tell', () => {
  const before: Probe = {
    shared: { groups: 'a', roles: 'b' },
    names: { groups: { 1: '/vo', 2: '/vo/g' } },
    chunks: { 0: 'x', 3: 'y' },
  }
  it.each<[string, Partial<Probe>, object]>([
    ['nothing changed, in whatever order', { shared: { roles: 'b', groups: 'a' } }, { kind: 'none' }],
    ['members changed', { chunks: { 0: 'x', 3: 'z', 10: 'n' } }, { kind: 'members', chunks: ['3', '10'] }],
    ['members are gone', { chunks: { 0: 'x' } }, { kind: 'members', chunks: ['3'] }],
    [
      'a group is new',
      { shared: { groups: 'c', roles: 'b' }, names: { groups: { 1: '/vo', 2: '/vo/g', 3: '/vo/n' } } },
      { kind: 'members', chunks: [] },
    ],
    ['a group has another name', { names: { groups: { 1: '/vo', 2: '/vo/h' } } }, { kind: 'everything' }],
  ])('%s', (_name, change, difference) => {
    expect(compareProbes(before, { ...before, ...change })).toMatchObject(difference)
  })
})
