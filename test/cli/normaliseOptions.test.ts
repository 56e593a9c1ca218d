import { expect, it } from 'vitest'
import { normaliseOptions } from '../../src/cli/normaliseOptions.ts'

it.each([
  [
    'long options with one dash',
    ['-voms', '-vo=x', '-allow-old-node'],
    ['--voms', '--vo=x', '--allow-old-node'],
  ],
  ['long options with two', ['--vo', '--json'], ['--vo', '--json']],
  ['single letters', ['-h', '-c', 'file'], ['-h', '-c', 'file']],
  ['numbers and lone dashes', ['-1', '-12', '-', 'a-b'], ['-1', '-12', '-', 'a-b']],
  ['underscores in names', ['--dont_verify_ac', '-a_b=c_d', '_x'], ['--dont-verify-ac', '--a-b=c_d', '_x']],
  ['values with a slash or a blank', ['-/C=IT', '-not an option'], ['-/C=IT', '-not an option']],
  ['what follows --', ['-vo', '--', '-vo'], ['--vo', '--', '-vo']],
])('%s', (_name, args, expected) => {
  expect(normaliseOptions(args)).toEqual(expected)
})
