// How signatures are best made beside a busy event loop: in the same thread, on libuv's pool, or in a piscina pool,
// one value a message or many. Run: node bench/micro/sign.ts [--json] [--count N] [--rounds N] [--threads N]
import { createPublicKey, sign, verify } from 'node:crypto'
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
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

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    count: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string', default: '1' },
    concurrency: { type: 'string', default: '16' },
  },
})
if (values.help) {
  console.log(`node bench/micro/sign.ts [options]
  --count N        signatures a round (600)
  --rounds N       rounds of every way, interleaved; the median counts (15)
  --threads N      threads of each pool (1)
  --concurrency N  requests under way at once (16)
  --json           one JSON document instead of tables`)
  process.exit(0)
}
const count = Number(values.count)
const rounds = Number(values.rounds)
const threads = Number(values.threads)
const concurrency = Number(values.concurrency)

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
const ways: Way[] = [
  { name: NO_SIGNATURE, signer: { sign: async () => new Uint8Array(), async close() {} } },
  { name: 'inline: crypto.sign', signer: createInlineSigner(key) },
  { name: "crypto.sign on libuv's pool", signer: libuvSigner(key) },
]
const closers: (() => Promise<void>)[] = []
for (const [name, tuning] of poolWays()) {
  const pool = createSignerPool({ threads, maxQueue: 10_000, tuning }, unobserved)
  closers.push(() => pool.close())
  ways.push({ name, signer: await pool.signer(key) })
}

function* poolWays(): Generator<[string, Partial<PoolTuning>]> {
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

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
const results: Record<string, unknown>[] = []
for (const work of [0, 300]) {
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
  const inline = medians(ways[1]!.name).cpu - rest.cpu
  for (const { name } of ways.slice(1)) {
    const { cpu, main, wall } = medians(name)
    results.push({
      'other work µs': work,
      way: name,
      'cpu µs': Math.round(cpu - rest.cpu),
      'over inline': Number(((cpu - rest.cpu) / inline).toFixed(3)),
      'main thread µs': Math.round(main - rest.main),
      'wall µs': Math.round(wall),
    })
  }
}
if (values.json)
  console.log(JSON.stringify({ node: process.version, threads, concurrency, count, rounds, results }))
else console.table(results)

for (const close of closers) await close()
rmSync(key.folder, { recursive: true })
