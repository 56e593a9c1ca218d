import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '../../src/cli/exitCodes.ts'
import { runInProcess } from './runInProcess.ts'

const docs = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')

/** Names of the sub-commands in a help text. */
function commandsOf(help: string): string[] {
  const list = help.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? ''
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(match => match[1]!).filter(name => name !== 'help')
}

async function allHelp(...command: string[]): Promise<[string, string][]> {
  const { code, out } = await runInProcess(...command, '--help')
  expect(code).toBe(0)
  const children = await Promise.all(commandsOf(out).map(name => allHelp(...command, name)))
  return [[command.join(' '), out], ...children.flat()]
}

it('docs/cli.md names every command and option, and no other option', async () => {
  const helps = await allHelp()
  const options = new Set<string>()
  for (const [command, help] of helps) {
    if (commandsOf(help).length === 0) expect(docs).toMatch(new RegExp(`^## .*${command}`, 'm'))
    for (const [, option] of help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)) options.add(option!)
  }
  expect(helps.length).toBeGreaterThan(10)
  const named = new Set([...docs.matchAll(/`(?:-\w`, `)?(--[a-z-]+)/g)].map(match => match[1]!))
  for (const [, option] of docs.matchAll(/, `(--[a-z-]+)/g)) named.add(option!)
  named.delete('--option')
  expect([...named].sort()).toEqual([...options].sort())
})

it('every help has examples', async () => {
  for (const [command, help] of await allHelp()) {
    if (command !== '' && commandsOf(help).length > 0) continue
    expect(help, command).toMatch(/\nExamples?:\n/)
  }
})

it('docs/cli.md and --help name every exit code', async () => {
  const { out } = await runInProcess('--help')
  for (const code of Object.values(EXIT)) {
    expect(docs).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'))
    expect(out).toMatch(new RegExp(`^  ${code} +\\w`, 'm'))
  }
})
