import { describe, expect, it } from 'vitest'
import { parseVomsConf } from '../../src/config/parseVomsConf.ts'

describe('options of vomsd', () => {
  it('are tokens with one or two dashes, wherever white space puts them', () => {
    const { options, refusals } = parseVomsConf(
      '--vo=vo.0 -port=15000\n\n\t--shortfqans\n#--port=1 --uri=h:1=2',
    )
    expect(refusals).toEqual([])
    expect(options).toEqual([
      { name: 'vo', value: 'vo.0', line: 1, column: 1 },
      { name: 'port', value: '15000', line: 1, column: 11 },
      { name: 'shortfqans', value: undefined, line: 3, column: 2 },
      { name: 'uri', value: 'h:1=2', line: 4, column: 11 },
    ])
  })

  it.each([
    [
      'a remark of several words',
      '# a remark',
      'VOMS_CONF_TOKEN',
      'line 1, column 3 (token 2): "a" is no option',
    ],
    [
      'an unknown option',
      '--vo=a\n --frobnicate=1',
      'VOMS_CONF_UNKNOWN',
      'line 2, column 2 (token 2): "--frobnicate"',
    ],
    [
      'a name that several begin with',
      '--x509_user=/a',
      'VOMS_CONF_UNKNOWN',
      '"--x509_user" may be any of --x509_user_cert, --x509_user_key, --x509_user_proxy',
    ],
    ['no value', '--vo', 'VOMS_CONF_VALUE', '--vo needs a value'],
    ['an empty value', '--vo=', 'VOMS_CONF_VALUE', '--vo needs a value'],
    ['a flag with a value', '--shortfqans=1', 'VOMS_CONF_VALUE', '--shortfqans takes no value'],
    ['no number', '--port=http', 'VOMS_CONF_NUMBER', '--port="http" is no whole number'],
    ['too large a number', '--timeout=9999999999', 'VOMS_CONF_NUMBER', 'is no whole number'],
    ['bare dashes', '--', 'VOMS_CONF_TOKEN', 'is no option'],
  ])('are refused for %s', (_name, text, code, message) => {
    const { refusals } = parseVomsConf(text)
    expect(refusals.some(refusal => refusal.code === code && refusal.message.includes(message))).toBe(true)
  })

  it('may be cut short, as long as one alone begins so', () => {
    const { options, refusals } = parseVomsConf('--sockt=60 -short --log=1 --vo=a')
    expect(options.map(({ name }) => name)).toEqual(['socktimeout', 'shortfqans', 'vo'])
    expect(refusals.map(({ message }) => message)).toEqual([expect.stringContaining('"--log" may be any of')])
  })

  it('are not read without end', () => {
    expect(parseVomsConf('# '.repeat(100_000)).refusals).toHaveLength(1)
  })
})
