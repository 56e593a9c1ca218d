import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { ReadStream, WriteStream } from 'node:tty'
import { ClientError } from '../client/ClientError.ts'

/** Longer secrets are cut off nowhere else, and nobody types one. */
const MAX_CHARACTERS = 1024

/** What is needed of a terminal to read from it in silence. */
export interface SilentInput {
  setRawMode(on: boolean): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  once(event: 'end', listener: () => void): unknown
}

/**
 * Asks at the controlling terminal, whatever standard input is, and reads a line that is not shown. Throws
 * ClientError 'passphrase' where there is no terminal, or when the user gives up (^C, ^D).
 */
export async function askSecret(prompt: string): Promise<string> {
  const descriptor = openTerminal()
  const input = new ReadStream(descriptor)
  const output = new WriteStream(descriptor)
  try {
    output.write(prompt)
    return await readSilently(input)
  } finally {
    output.write('\n')
    input.destroy()
  }
}

function openTerminal(): number {
  let descriptor: number | undefined
  try {
    descriptor = openSync('/dev/tty', 'r+')
    return descriptor
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor)
    const advice = 'give it on standard input, with --pwstdin'
    throw new ClientError('passphrase', 'there is no terminal to ask for the passphrase at', advice, cause)
  }
}

/** A line of a terminal without echo: backspace and ^U edit it, ^C and ^D give up. */
export function readSilently(input: SilentInput): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = []
    const decoder = new StringDecoder('utf8')
    const settle = (work: () => void) => {
      input.setRawMode(false)
      work()
    }
    const giveUp = () => settle(() => reject(new ClientError('passphrase', 'no passphrase was given')))
    input.setRawMode(true)
    input.once('end', giveUp)
    input.on('data', chunk => {
      for (const character of decoder.write(chunk)) {
        if (character === '\r' || character === '\n') {
          settle(() => resolve(typed.join('')))
          return
        }
        if (character === '\x03' || character === '\x04') {
          giveUp()
          return
        }
        if (character === '\x15') typed = []
        else if (character === '\x7f' || character === '\b') typed.pop()
        else if (typed.length < MAX_CHARACTERS) typed.push(character)
      }
    })
  })
}

/** The first line of a stream, without its end. Throws ClientError 'passphrase' for one of more than 4 kB. */
export async function readLine(input: Readable): Promise<string> {
  let text = ''
  for await (const chunk of input) {
    text += String(chunk)
    if (text.includes('\n')) break
    if (text.length > 4096) throw new ClientError('passphrase', 'the line on standard input is too long')
  }
  return text.split('\n', 1)[0]!.replace(/\r$/, '')
}
