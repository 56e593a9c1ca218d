import { expect, it } from 'vitest'
import { namingConfig } from '../../src/cli/namingConfig.ts'

const NONE = { config: undefined, vomsConf: [] }

it.each([
  ['nothing named', 'run vouchd check', NONE, 'run vouchd check'],
  [
    'a file',
    'vouchd migrate && vouchd vo add a.b',
    { config: '/x/v.toml', vomsConf: [] },
    'vouchd --config /x/v.toml migrate && vouchd --config /x/v.toml vo add a.b',
  ],
  [
    'names that a shell would take apart',
    'run vouchd check',
    { config: "it's $& here", vomsConf: ['/a', '/b'] },
    "run vouchd --config 'it'\\''s $& here' --voms-conf /a --voms-conf /b check",
  ],
  ['no command', 'nothing: vouchd makes it', { config: 'f', vomsConf: [] }, 'nothing: vouchd makes it'],
])('%s', (_name, advice, options, expected) => {
  expect(namingConfig(advice, options)).toBe(expected)
})
