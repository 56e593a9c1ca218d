import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createVomsdir, type Vomsdir } from '../../../src/authenticate/trust/createVomsdir.ts'
import { ca, user } from './trustFolder.ts'

const LSC = '/C=IT/O=G/CN=host\n/C=IT/O=G/CN=CA\n'
let base: string
let vomsdir: Vomsdir
let faults: string[]

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'vouchd-vomsdir-'))
  faults = []
  mkdirSync(join(base, 'vomsdir/vo.0'), { recursive: true })
  vomsdir = createVomsdir(join(base, 'vomsdir'), (_, what) => faults.push(what))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

describe('lscText', () => {
  it('is the text of VO/HOST.lsc', async () => {
    writeFileSync(join(base, 'vomsdir/vo.0/voms.example.lsc'), LSC)
    expect(await vomsdir.lscText('vo.0', 'voms.example')).toBe(LSC)
    expect(await vomsdir.lscText('vo.0', 'other.example')).toBeUndefined()
    expect(await vomsdir.lscText('vo.1', 'voms.example')).toBeUndefined()
  })

  it('follows a file that is changed, removed and written again', async () => {
    const path = join(base, 'vomsdir/vo.0/h.lsc')
    for (const text of [LSC, 'another', undefined, LSC]) {
      if (text === undefined) rmSync(path)
      else writeFileSync(path, text)
      expect(await vomsdir.lscText('vo.0', 'h')).toBe(text)
      expect(await vomsdir.lscText('vo.0', 'h')).toBe(text)
    }
  })

  it('never leaves the folder, whatever an AC names', async () => {
    writeFileSync(join(base, 'secret.lsc'), LSC)
    writeFileSync(join(base, 'vomsdir/secret.lsc'), LSC)
    writeFileSync(join(base, 'vomsdir/vo.0/.lsc'), LSC)
    writeFileSync(join(base, 'vomsdir/vo.0/.hidden.lsc'), LSC)
    for (const [vo, host] of [
      ['..', 'secret'],
      ['.', 'secret'],
      ['', 'secret'],
      ['vo.0', '../secret'],
      ['vo.0', '../../secret'],
      ['vo.0/..', 'secret'],
      ['vo.0', '..\\secret'],
      ['vo.0', ''],
      ['vo.0', '.hidden'],
      ['vo.0', 'h\0'],
      ['vo.0', 'h\n'],
      ['vo.0', 'x'.repeat(256)],
    ] as const) {
      expect(await vomsdir.lscText(vo, host)).toBeUndefined()
    }
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('secret', '../secret', '/secret'),
        async (vo, host) => {
          expect(await vomsdir.lscText(vo, host)).toBeUndefined()
        },
      ),
    )
    expect(faults).toEqual([])
  })

  it('is undefined, and reported once, for what is too large or no file', async () => {
    writeFileSync(join(base, 'vomsdir/vo.0/large.lsc'), 'x'.repeat(70_000))
    mkdirSync(join(base, 'vomsdir/vo.0/folder.lsc'))
    for (let round = 0; round < 2; round++) {
      expect(await vomsdir.lscText('vo.0', 'large')).toBeUndefined()
      expect(await vomsdir.lscText('vo.0', 'folder')).toBeUndefined()
    }
    expect(faults).toHaveLength(2)
  })
})

describe('certificates', () => {
  it('are those of the PEM files of the VO', async () => {
    writeFileSync(join(base, 'vomsdir/vo.0/a.pem'), ca.pem)
    writeFileSync(join(base, 'vomsdir/vo.0/b.pem'), user.pem)
    writeFileSync(join(base, 'vomsdir/vo.0/c.txt'), user.pem)
    const found = await vomsdir.certificates('vo.0')
    expect(found.map(der => Buffer.from(der).toString('hex'))).toEqual(
      [ca.der, user.der].map(der => Buffer.from(der).toString('hex')),
    )
    expect(await vomsdir.certificates('..')).toEqual([])
    expect(await vomsdir.certificates('absent')).toEqual([])
  })

  it('of a damaged file are none, and reported', async () => {
    writeFileSync(join(base, 'vomsdir/vo.0/a.pem'), ca.pem.slice(0, 100))
    expect(await vomsdir.certificates('vo.0')).toEqual([])
    expect(faults).toHaveLength(1)
  })
})
