import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readLine, readSilently } from '../../src/cli/askSecret.ts'

class Terminal extends EventEmitter {
  raw: boolean[] = []
  setRawMode(on: boolean) {
    this.raw.push(on)
  }
}

async function type(...chunks: (string | Buffer)[]): Promise<{ typed: string; raw: boolean[] }> {
  const terminal = new Terminal()
  const typed = readSilently(terminal)
  for (const chunk of chunks) terminal.emit('data', Buffer.from(chunk as string))
  return { typed: await typed, raw: terminal.raw }
}

describe('a passphrase at the terminal', () => {
  it.each<[string, (string | Buffer)[], string]>([
    ['typed and ended', ['secret\r'], 'secret'],
    ['in pieces', ['se', 'cr', 'et\n'], 'secret'],
    ['with a character in two pieces', [Buffer.of(0xc3), Buffer.of(0xa4), '\r'], 'ä'],
    ['corrected', ['sx\x7fecret\b\bet\r'], 'secret'],
    ['begun anew', ['wrong\x15secret\r'], 'secret'],
    ['empty', ['\r'], ''],
    ['too long', [`${'x'.repeat(5000)}\r`], 'x'.repeat(1024)],
  ])('%s', async (_name, chunks, typed) => {
    expect(await type(...chunks)).toEqual({ typed, raw: [true, false] })
  })

  it.each(['\x03', '\x04'])('is not given after %j, and the terminal is as before', async key => {
    const terminal = new Terminal()
    const typed = readSilently(terminal)
    terminal.emit('data', Buffer.from(`sec${key}`))
    await expect(typed).rejects.toMatchObject({ code: 'passphrase' })
    expect(terminal.raw).toEqual([true, false])
  })

  it('is not given when the terminal goes away', async () => {
    const terminal = new Terminal()
    const typed = readSilently(terminal)
    terminal.emit('end')
    await expect(typed).rejects.toMatchObject({ code: 'passphrase' })
  })
})

describe('the first line of a stream', () => {
  it.each([
    ['one line', ['secret\n'], 'secret'],
    ['more lines', ['secret\r\nmore\n'], 'secret'],
    ['pieces without an end', ['sec', 'ret'], 'secret'],
    ['nothing', [], ''],
  ])('%s', async (_name, chunks, line) => {
    expect(await readLine(Readable.from(chunks))).toBe(line)
  })

  it('has an end', async () => {
    await expect(readLine(Readable.from(['x'.repeat(5000)]))).rejects.toMatchObject({ code: 'passphrase' })
  })
})
