import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeProxyFile } from '../../src/client/writeProxyFile.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchd-write-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('writes a new file that nobody else may read, and leaves nothing beside it', () => {
  writeProxyFile(join(folder, 'p'), 'text', 'abc')
  expect(readFileSync(join(folder, 'p'), 'utf8')).toBe('text')
  expect(statSync(join(folder, 'p')).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['p'])
})

it('replaces a file that others may read by one that they may not', () => {
  writeFileSync(join(folder, 'p'), 'old', { mode: 0o644 })
  chmodSync(join(folder, 'p'), 0o644)
  writeProxyFile(join(folder, 'p'), 'new', 'abc')
  expect(statSync(join(folder, 'p')).mode & 0o777).toBe(0o600)
})

it('replaces a link and leaves alone what it leads to', () => {
  writeFileSync(join(folder, 'victim'), 'precious')
  symlinkSync(join(folder, 'victim'), join(folder, 'p'))
  writeProxyFile(join(folder, 'p'), 'new', 'abc')
  expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious')
  expect(readFileSync(join(folder, 'p'), 'utf8')).toBe('new')
})

it('refuses a folder, and one that is not there, and leaves nothing behind', () => {
  mkdirSync(join(folder, 'd'))
  expect(() => writeProxyFile(join(folder, 'd'), 'x', 'abc')).toThrow(
    expect.objectContaining({ code: 'proxy' }),
  )
  expect(() => writeProxyFile(join(folder, 'no/p'), 'x', 'abc')).toThrow(/cannot be written \(ENOENT\)/)
  expect(readdirSync(folder)).toEqual(['d'])
})

it('follows no link that waits under the name of the new file', () => {
  writeFileSync(join(folder, 'victim'), 'precious')
  symlinkSync(join(folder, 'victim'), join(folder, '.p.abc'))
  expect(() => writeProxyFile(join(folder, 'p'), 'x', 'abc')).toThrow(/cannot be written \(EEXIST\)/)
  expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious')
})
