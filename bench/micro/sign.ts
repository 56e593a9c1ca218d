// How signatures are best made beside a busy event loop: in the same thread, on libuv's pool, or in a piscina pool,
// one value a message or many. Run: node bench/micro/sign.ts [options]
import { createPublicKey, sign, verify } from 'node:crypto'
import { rmSync } from 'node:fs'
import { prepare, spend } from '../../src/issue/prepare.ts'
import { createProfile } from '../../src/issue/profile.ts'
import { randomSerials } from '../../src/issue/serial.ts'
import { createInlineSigner } from '../../src/issue/sign/inline.ts'
import { loadSigningKey } from '../../src/issue/sign/loadSigningKey.ts'
import { unobserved } from '../../src/issue/sign/observer.ts'
import { createSignerPool, type PoolTuning } from '../../src/issue/sign/pool.ts'
import type { Prepared, Signer, SigningKey } from '../../src/issue/types.ts'
import { createAcIssuer, profileConfig, signingKeyFile } from '../../test/fakes/acIssuer.ts'
import { fixedClock, grantOf } from '../../test/fakes/grant.ts'
import { oneOf, readOptions, whole } from '../commandLine.ts'
import { median } from '../load/statistics.ts'
import { printResult } from '../printResult.ts'

const values = readOptions('node bench/micro/sign.ts [options]', {
  count: { value: '600', about: 'signatures a round' },
  rounds: { value: '15', about: 'interleaved rounds of every way; the median counts' },
  threads: { value: '1', about: 'threads of each pool' },
  concurrency: { value: '16', about: 'requests under way at once' },
  work: { value: '0,300', shape: 'LIST', about: 'µs of other work of each request on the event loop' },
  ways: { value: 'all', shape: 'WHICH', about: 'all, or shipped: inline and the pool as it is by default' },
})
const count = whole(values.count, 'count', 1, 100_000)
const rounds = whole(values.rounds, 'rounds', 1, 1000)
const threads = whole(values.threads, 'threads', 1, 64)
const concurrency = whole(values.concurrency, 'concurrency', 1, 10_000)
const works = values.work.split(',').map(each => whole(each, 'work', 0, 100_000))
const which = oneOf(values.ways, 'ways', ['all', 'shipped'])

const issuer = createAcIssuer()
const key = signingKeyFile(issuer)
const profile = createProfile(profileConfig(issuer))
const grant = grantOf()
const prepareOne = (): Prepared => prepare(grant, profile, fixedClock, randomSerials)

interface Way {
  readonly name: string
  readonly signer: Signer
}
interface Sample {
  readonly cpu: number
  readonly main: number
  readonly wall: number
}

/** Its cost is that of everything but the signature; the others are told without it. */
const NO_SIGNATURE = 'no signature'
const INLINE = 'inline: crypto.sign'
const SHIPPED = 'piscina, as shipped'
const ways: Way[] = [
  { name: NO_SIGNATURE, signer: { sign: async () => new Uint8Array(), async close() {} } },
  { name: INLINE, signer: createInlineSigner(key) },
]
if (which === 'all') ways.push({ name: "crypto.sign on libuv's pool", signer: libuvSigner(key) })
const closers: (() => Promise<void>)[] = []
for (const [name, tuning] of poolWays()) {
  const pool = createSignerPool({ threads, maxQueue: 10_000, tuning }, unobserved)
  closers.push(() => pool.close())
  ways.push({ name, signer: await pool.signer(key) })
}

function* poolWays(): Generator<[string, Partial<PoolTuning>]> {
  yield [SHIPPED, {}]
  if (which === 'shipped') return
  for (const atomics of ['sync', 'async', 'disabled'] as const) {
    yield [`piscina, one a message, ${atomics}`, { atomics, maxBatch: 1, batchesPerThread: 1 }]
    yield [`piscina, one a message, 16 queued, ${atomics}`, { atomics, maxBatch: 1, batchesPerThread: 16 }]
    yield [`piscina, up to 8 a message, ${atomics}`, { atomics, maxBatch: 8, batchesPerThread: 2 }]
    yield [`piscina, up to 32 a message, ${atomics}`, { atomics, maxBatch: 32, batchesPerThread: 2 }]
  }
}

function libuvSigner(signingKey: SigningKey): Signer {
  const privateKey = loadSigningKey(signingKey)
  return {
    sign: prepared =>
      new Promise((resolve, reject) => {
        sign(signingKey.digest, spend(prepared, signingKey), privateKey, (error, signature) =>
          error ? reject(error) : resolve(signature),
        )
      }),
    async close() {},
  }
}

// Proof before timing: every way gives the signature that the public key accepts.
const publicKey = createPublicKey(issuer.key.privateKey)
for (const { name, signer } of ways.slice(1)) {
  const some = Array.from({ length: 20 }, prepareOne)
  const signatures = await Promise.all(some.map(prepared => signer.sign(prepared)))
  some.forEach((prepared, i) => {
    if (!verify(key.digest, prepared.tbs, publicKey, signatures[i]!))
      throw new Error(`${name}: wrong signature`)
  })
}

/** Iterations of busy() that take one microsecond of processor time here. */
const perMicrosecond = calibrate()

function busy(iterations: number): number {
  let state = 1
  for (let i = 0; i < iterations; i++) state = Math.imul(state ^ i, 0x9e3779b1)
  return state
}

function calibrate(): number {
  busy(1e7)
  const start = process.threadCpuUsage()
  busy(1e8)
  const { user, system } = process.threadCpuUsage(start)
  return 1e8 / (user + system)
}

/** Stands for the TLS and HTTP work of one request on the event loop. */
const spin = (microseconds: number): number => busy(Math.round(microseconds * perMicrosecond))

/** `concurrency` requests at a time, each arriving as an event of its own: other work, then one signature. */
async function measure(signer: Signer, work: number): Promise<Sample> {
  const stock = Array.from({ length: count }, prepareOne)
  const cpu = process.cpuUsage()
  const main = process.threadCpuUsage()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let next = stock.pop(); next !== undefined; next = stock.pop()) {
        if (work > 0) {
          await new Promise(resolve => setTimeout(resolve, 0))
          spin(work)
        }
        await signer.sign(next)
      }
    }),
  )
  const wall = performance.now() - start
  const total = process.cpuUsage(cpu)
  const own = process.threadCpuUsage(main)
  return {
    cpu: (total.user + total.system) / count,
    main: (own.user + own.system) / count,
    wall: (wall * 1000) / count,
  }
}

interface Row {
  readonly 'other work µs': number
  readonly way: string
  readonly 'cpu µs': number
  readonly 'over inline': number
  readonly 'main thread µs': number
  readonly 'wall µs': number
}
const rows: Row[] = []
for (const work of works) {
  const samples = new Map<string, Sample[]>(ways.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, signer } of ways) {
      const sample = await measure(signer, work)
      if (round > 0) samples.get(name)!.push(sample)
    }
  }
  const medians = (name: string) => ({
    cpu: median(samples.get(name)!.map(({ cpu }) => cpu)),
    main: median(samples.get(name)!.map(({ main }) => main)),
    wall: median(samples.get(name)!.map(({ wall }) => wall)),
  })
  const rest = medians(NO_SIGNATURE)
  const inline = medians(INLINE).cpu - rest.cpu
  for (const { name } of ways.slice(1)) {
    const { cpu, main, wall } = medians(name)
    rows.push({
      'other work µs': work,
      way: name,
      'cpu µs': Math.round(cpu - rest.cpu),
      'over inline': Number(((cpu - rest.cpu) / inline).toFixed(3)),
      'main thread µs': Math.round(main - rest.main),
      'wall µs': Math.round(wall),
    })
  }
}
const shipped = rows.findLast(({ way }) => way === SHIPPED)!
const inline = rows.findLast(({ way }) => way === INLINE)!
/** As steps of bench/micro/hotpath.ts, beside the most other work. */
const handOver = [
  { step: 'signature by the pool, all threads', 'median µs': shipped['cpu µs'] },
  { step: 'of it: pool hand-over', 'median µs': shipped['cpu µs'] - inline['cpu µs'] },
  { step: 'of it: on the event loop', 'median µs': shipped['main thread µs'] },
]
const setting = { threads, concurrency, count, rounds }
printResult({ benchmark: 'sign', setting, node: process.version, rows, handOver }, values.json)

for (const close of closers) await close()
rmSync(key.folder, { recursive: true })
