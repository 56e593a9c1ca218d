import { expect, it } from 'vitest'
import { pairUp } from '../../../src/adopt/compare/shadow.ts'
import { type ExportLine, readExport } from '../../../src/adopt/compare/shadowLine.ts'

const HEAD = '{"format":"vouchd-compare","version":1,"vo":"vo.0","mode":"own"}'
const line = (subject: string, issuer = '/CN=CA') => JSON.stringify({ subject, issuer, outcomes: {} })

async function* from(lines: readonly string[]) {
  yield* lines
}

async function read(...lines: string[]): Promise<string[]> {
  const subjects: string[] = []
  for await (const { subject } of readExport(from(lines), 'vo.0')) subjects.push(subject)
  return subjects
}

it('reads an export', async () => {
  expect(await read(HEAD, line('/CN=a'), line('/CN=b'), line('/CN=b', '/CN=D'), '')).toEqual([
    '/CN=a',
    '/CN=b',
    '/CN=b',
  ])
  expect(await read(HEAD)).toEqual([])
})

it.each<[string, string[], RegExp]>([
  ['empty', [], /is empty/],
  ['another file', ['hello'], /line 1 is no JSON object/],
  ['another format', ['{"format":"x"}'], /is no export/],
  ['another version', [HEAD.replace('1', '2')], /of another version/],
  ['another VO', [HEAD.replace('vo.0', 'vo.1')], /is an export of VO vo\.1/],
  ['a line cut off', [HEAD, line('/CN=a').slice(0, -3)], /line 2 is no JSON object/],
  ['a line of something else', [HEAD, '{"subject":1}'], /line 2 is no line of an export/],
  [
    'an outcome that is none',
    [HEAD, '{"subject":"a","issuer":"b","outcomes":{"x":{"kind":"granted"}}}'],
    /line 2 is no line/,
  ],
  ['lines out of order', [HEAD, line('/CN=b'), line('/CN=a')], /line 3 is out of order/],
  ['a line twice', [HEAD, line('/CN=a'), line('/CN=a')], /line 3 is out of order/],
])('refuses %s', async (_name, lines, message) => {
  await expect(read(...lines)).rejects.toThrow(message)
})

it('lays two lists side by side', async () => {
  const listed = (...subjects: string[]) => subjects.map(subject => ({ subject, issuer: '/CN=CA' }))
  async function* theirs(): AsyncGenerator<ExportLine> {
    for (const one of listed('b', 'c', 'e', 'f')) yield { ...one, outcomes: {} }
  }
  const pairs: string[] = []
  for await (const pair of pairUp(listed('a', 'b', 'd', 'e'), theirs())) {
    pairs.push(`${pair.ours?.subject ?? '-'}${pair.theirs?.subject ?? '-'}`)
  }
  expect(pairs).toEqual(['a-', 'bb', '-c', 'd-', 'ee', '-f'])
})
