import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/ConfigError.ts'
import { readConfig } from '../../src/config/readConfig.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchd-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(text: string | Uint8Array): string {
  const file = join(folder, 'vouchd.toml')
  writeFileSync(file, text)
  return file
}

function messageOf(file: string): string {
  try {
    readConfig(file)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}

const vo = '[[vo]]\nname = "vo.0"\nlisten = ["127.0.0.1:0"]\nuri = "voms.example.org:15000"\n'

describe('readConfig', () => {
  it('resolves paths against the folder of the file', () => {
    expect(readConfig(write(`[trust]\ndirectory = "cas"\n${vo}`)).trust.directory).toBe(join(folder, 'cas'))
  })

  it.each<[string, () => string, string]>([
    [
      'a missing file',
      () => join(folder, 'nowhere.toml'),
      'nowhere.toml does not exist; name a configuration file',
    ],
    ['a folder', () => folder, 'is not a file'],
    ['a device', () => '/dev/zero', 'is not a file'],
    ['a huge file', () => write('#'.repeat(1024 * 1024 + 1)), 'has 1048577 bytes, more than 1048576'],
    ['bytes that are no text', () => write(Uint8Array.of(0x61, 0xff)), 'is not UTF-8 text'],
    ['broken TOML', () => write(`${vo}[log\nlevel = "info"`), 'vouchd.toml line 5, column'],
    [
      'text without quotes',
      () => write('[log]\nname = vo.example\n'),
      'invalid value; write text in quotes: key = "value"',
    ],
    ['an address without quotes', () => write('a = 127.0.0.1:1\n'), '; write text in quotes'],
    ['a key twice', () => write(`${vo}name = "b"\n`), 'vouchd.toml line 5'],
    [
      'an integer beyond precision',
      () => write(`${vo}maxLifetimeSeconds = 99999999999999999999\n`),
      'line 5',
    ],
    ['an empty file', () => write(''), 'vo: there is no VO'],
    ['a date', () => write(`[log]\nlevel = 2026-01-01\n${vo}`), 'log.level: '],
    ['not a number', () => write(`[limits]\nrequestSeconds = nan\n${vo}`), 'limits.requestSeconds: '],
    ['deep nesting', () => write(`a = ${'['.repeat(20_000)}`), 'vouchd.toml line 1'],
  ])('refuses %s', (_name, file, message) => {
    expect(messageOf(file())).toContain(message)
  })
})
