import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeTbs } from '../../../native-free/ac/encodeTbs.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { lintTbs } from '../../../native-free/lint/lintTbs.ts'
import { LINT_RULES } from '../../../native-free/lint/rules/index.ts'
import { wellFormed } from '../../../native-free/lint/rules/wellFormed.ts'
import { createProfile } from '../../../src/issue/profile.ts'
import { createAcIssuer, profileConfig } from '../../fakes/acIssuer.ts'
import { GOLDEN_CASES, goldenIssuer, makeGolden } from '../../fakes/goldenAcs.ts'
import { LINT_CASES, LINT_EXPECTATIONS } from '../../fakes/lintCases.ts'
import { rawTbs } from '../../fakes/rawAc.ts'
import { newKey } from '../../pki/keys.ts'

const folder = new URL('../../vectors/lint/', import.meta.url)
const read = (rule: string, name: string) =>
  new Uint8Array(readFileSync(new URL(`${rule}/${name}.der`, folder)))
const rulesFound = (tbs: Uint8Array) => lintTbs(tbs, LINT_EXPECTATIONS).map(({ rule }) => rule)
const rules = [wellFormed.name, ...LINT_RULES.map(({ name }) => name)]
const vectors = Object.entries(LINT_CASES).flatMap(([rule, cases]) =>
  Object.keys(cases).map(name => [rule, name] as const),
)
const starting = (prefix: string) => vectors.filter(([, name]) => name.startsWith(prefix))

describe('lint rules', () => {
  it('each have a folder of vectors, and each folder has its rule', () => {
    const folders = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
    expect(folders.map(({ name }) => name).sort()).toEqual([...rules].sort())
  })

  it('each have a good vector, and a bad one that no other rule refuses', () => {
    for (const rule of rules) {
      const names = Object.keys(LINT_CASES[rule] ?? {})
      expect(
        names.some(name => name.startsWith('good-')),
        rule,
      ).toBe(true)
      const alone = names.filter(name => name.startsWith('bad-') && rulesFound(read(rule, name)).length === 1)
      expect(alone.length, rule).toBeGreaterThan(0)
    }
  })

  it('each cite a clause and have a name of their own', () => {
    expect(new Set(rules).size).toBe(rules.length)
    for (const { clause } of [wellFormed, ...LINT_RULES]) expect(clause).toMatch(/RFC|X\.690|VOMS profile/)
  })

  it.each(vectors)('%s/%s is the committed file', (rule, name) => {
    expect(toHex(LINT_CASES[rule]![name]!())).toBe(toHex(read(rule, name)))
  })

  it.each(starting('good-'))('%s: %s passes', (rule, name) => {
    expect(lintTbs(read(rule, name), LINT_EXPECTATIONS)).toEqual([])
  })

  it.each(starting('bad-'))('%s refuses %s', (rule, name) => {
    expect(rulesFound(read(rule, name))).toContain(rule)
  })
})

describe('lintTbs', () => {
  it.each(Object.keys(GOLDEN_CASES))('passes what the encoder writes: %s', name => {
    const config = profileConfig(goldenIssuer, GOLDEN_CASES[name]!.profile)
    expect(lintTbs(makeGolden(name).tbs, createProfile(config).expectations)).toEqual([])
  })

  it('passes an EC profile, and refuses it against an RSA one', () => {
    const ec = createProfile(profileConfig(createAcIssuer({ key: newKey('p256') }), { allowEcAcKey: true }))
    const tbs = encodeTbs(ec.template, makeGolden('targets').content)
    expect(lintTbs(tbs, ec.expectations)).toEqual([])
    expect(rulesFound(tbs)).toEqual(['signature-algorithm', 'certseq', 'authority-key-identifier'])
  })

  it('reports every rule that is broken, with clause and message', () => {
    const broken = rawTbs({ version: Uint8Array.of(2, 1, 0), extensions: [] })
    const findings = lintTbs(broken, LINT_EXPECTATIONS)
    expect(findings.map(({ rule }) => rule)).toEqual([
      'version',
      'certseq',
      'no-rev-avail',
      'authority-key-identifier',
    ])
    expect(findings[0]).toEqual({ rule: 'version', clause: 'RFC 5755 4.2.1', message: 'version is not v2' })
  })

  it('survives every changed octet without an exception', () => {
    const tbs = makeGolden('everything').tbs
    for (let at = 0; at < tbs.length; at++) {
      for (const mask of [0x01, 0x20, 0x80, 0xff]) {
        const changed = tbs.slice()
        changed[at]! ^= mask
        expect(Array.isArray(lintTbs(changed, LINT_EXPECTATIONS))).toBe(true)
      }
    }
  })

  it('walks ACs of any number of elements', () => {
    const many = {
      ...makeGolden('targets').content,
      fqans: Array.from({ length: 3000 }, (_, i) => `/vo.0/g${i}`),
    }
    const { template, expectations } = createProfile(profileConfig(goldenIssuer))
    expect(lintTbs(encodeTbs(template, many), expectations)).toEqual([])
    expect(lintTbs(makeGolden('targets').tbs, expectations)).toEqual([])
  })
})
