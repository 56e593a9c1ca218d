import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../native-free/refusal.ts'
import { bendDer } from './bendDer.ts'
import { formatDifferences } from './differences.ts'
import { formatResults } from './formatResults.ts'
import { makeInput } from './makeInput.ts'
import { outcomeOf } from './outcomeOf.ts'
import { Random } from './random.ts'
import { readCorpus } from './readCorpus.ts'
import { runTarget } from './runTarget.ts'
import { type FuzzTarget, octets } from './target.ts'
import { CODEC_TARGETS } from './targets/index.ts'
import { openSocketTargets } from './targets/socketTargets.ts'

/** Inputs of one target in a test run; npm run fuzz gives more. */
const COUNT = 2000

describe('hostile input is refused with a code, and nothing else happens', () => {
  it.each(CODEC_TARGETS)('$name', { timeout: 120_000 }, async target => {
    const result = await runTarget(target, { count: COUNT, seed: 1 })
    expect(result.findings).toEqual([])
    expect(Object.keys(result.refused).length).toBeGreaterThan(0)
  })

  it('over sockets, while an honest client is served', { timeout: 240_000 }, async () => {
    await using opened = await openSocketTargets()
    for (const target of opened.targets) {
      const result = await runTarget(target, { count: 1000, seed: 1 })
      expect(result.findings).toEqual([])
    }
    expect(opened.faults()).toEqual([])
  })
})

describe('every seed', () => {
  const valid = CODEC_TARGETS.filter(({ name }) => !['firstBytes', 'proxyCertInfo'].includes(name))
  it.each(valid)('of $name is an input that is accepted, some of them at least', async target => {
    const outcomes = await Promise.all(target.corpus.map(seed => target.run(seed, new Random(1))))
    expect(outcomes.length).toBeGreaterThan(0)
    if (target.name !== 'inspect') expect(outcomes).toContain('accepted')
  })
})

describe('a run', () => {
  const target = (run: FuzzTarget['run']): FuzzTarget => ({ name: 'test', corpus: [octets('seed')], run })
  const options = { count: 50, seed: 1 }

  it('finds what throws something else than a refusal', async () => {
    const broken = target(() => outcomeOf(() => void (undefined as unknown as string).length))
    const { findings, inputs } = await runTarget(broken, options)
    expect(findings[0]!.problem).toContain('TypeError')
    expect(inputs).toBe(20)
  })

  it('finds what rejects', async () => {
    const { findings } = await runTarget(
      target(() => Promise.reject(new RangeError('deep'))),
      options,
    )
    expect(findings[0]!.problem).toContain('RangeError: deep')
  })

  it('finds what costs too much processor time', async () => {
    const slow = target(() => {
      const before = process.cpuUsage()
      while (process.cpuUsage(before).user < 150_000);
      return 'accepted'
    })
    const { findings } = await runTarget(slow, { count: 1, seed: 1, mostCpuMs: 100 })
    expect(findings[0]!.problem).toMatch(/^took \d+ ms of processor time$/)
  })

  it('counts refusals by their code', async () => {
    const refusing = target(() =>
      outcomeOf(() => {
        throw new Refusal('NO', 'no')
      }),
    )
    const result = await runTarget(refusing, options)
    expect(result).toMatchObject({ inputs: 50, accepted: 0, refused: { NO: 50 }, findings: [] })
    expect(formatResults([result])).toMatch(/^target .*\ntest +50 +0 +1 +0 /)
  })

  it('gives the same inputs for the same seed, others for another', () => {
    const inputs = (seed: number) => {
      const random = new Random(seed)
      const [certificate] = CODEC_TARGETS.filter(({ name }) => name === 'certificate')
      return Array.from({ length: 50 }, () => Buffer.from(makeInput(random, certificate!)).toString('hex'))
    }
    expect(inputs(1)).toEqual(inputs(1))
    expect(inputs(1)).not.toEqual(inputs(2))
  })

  it('bends DER so that most of it stays DER', async () => {
    const random = new Random(1)
    const corpus = readCorpus('certificate')
    const [der] = CODEC_TARGETS
    let sound = 0
    for (let n = 0; n < 300; n++) {
      const bent = bendDer(random, random.pick(corpus), corpus)
      if ((await der!.run(bent, new Random(1))) === 'accepted') sound++
    }
    expect(sound).toBeGreaterThan(100)
    expect(sound).toBeLessThan(300)
  })
})

it('test/fuzz/differences.md is what the list says', () => {
  expect(readFileSync(new URL('./differences.md', import.meta.url), 'utf8')).toBe(formatDifferences())
})
