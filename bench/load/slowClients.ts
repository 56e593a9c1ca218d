// Clients that stand still, at each stage of a connection, while honest ones ask. How many of those are served and how
// fast, what the worker holds, how soon its slots are free again, how long it stalls when all the others are reset at
// once, how soon it serves after that, and whether the audit, or anything that logs, was without a file descriptor.
// Run: node bench/load/slowClients.ts [options]; --help tells them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { readOptions, someOf, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { askOnce } from './askOnce.ts'
import { createBenchWorld, observeSocket, REQUESTS } from './benchWorld.ts'
import { askObserve, freePort, openLoad, startVouchd } from './children.ts'
import { firstAnswer } from './firstAnswer.ts'
import { ISSUED, proveServer } from './proveServer.ts'
import { secureContextOf } from './secureContextOf.ts'
import { STAGES, type Stage, startCrowd } from './startCrowd.ts'
import { watchMemory } from './watchMemory.ts'

const values = readOptions('node bench/load/slowClients.ts [options]', {
  stages: {
    value: STAGES.join(','),
    about: 'no octet, half a first record, no request after the handshake, an answer that is not read',
    shape: 'LIST',
  },
  count: { value: '10000', about: 'clients that stand still, 20000 at most' },
  rate: { value: '50', about: 'honest clients a second' },
  fds: { value: '0', about: 'most file descriptors of the daemon; 0: as they are' },
  wait: { value: '0', about: "the daemon's limits.maxWaitMilliseconds; 0: as it is by default" },
})
const stages = someOf(values.stages, 'stages', STAGES)
const count = whole(values.count, 'count', 10, 20_000)
const rate = whole(values.rate, 'rate', 1, 1_000)
const fds = whole(values.fds, 'fds', 0, 1_000_000)
const wait = whole(values.wait, 'wait', 0, 10_000)
/** So many are opened at the same time: the kernel's queue of the daemon has room for all of them. */
const AT_ONCE = 100
/** The daemon's own times, and a little. */
const MOST_MS = 60_000
/** So many connections are those of honest clients. */
const FREE = 20
/** Handshakes a second that the others are thought to get through, when the time of the honest ones is set. */
const COMING: Readonly<Record<Stage, number>> = { silent: 1000, partial: 1000, unasked: 400, unread: 400 }

const world = await createBenchWorld(systemClock.now())
const port = await freePort()
const limits = wait > 0 ? `[limits]\nmaxWaitMilliseconds = ${wait}\n` : ''
const config = world.configure('rsa', port, `${limits}[processes]\nworkers = 1\n`)
const logFile = join(world.folder, 'vouchd.log')
const server = await startVouchd(config, port, { logFile, ...(fds > 0 && { fds }) })
const credential = world.client('proxy')
const secureContext = secureContextOf(credential)
const crowd = await startCrowd({ port, credential, request: REQUESTS.rest, count, atOnce: AT_ONCE })
try {
  const worker = workerOf(server.pid)
  await proveServer(server, { credential, request: REQUESTS.rest }, world.grant())
  await honest(3, 20)
  const rows = []
  for (const stage of stages) rows.push(await tryStage(stage, worker))
  printResult(
    {
      benchmark: 'slowClients',
      setting: { count, rate, fds, wait, processes: crowd.processes },
      node: process.version,
      rows,
    },
    values.json,
  )
} finally {
  await crowd.stop()
  await server.stop()
  world.remove()
}

async function tryStage(stage: Stage, worker: number) {
  const before = await figures()
  const stopWatching = watchMemory([worker])
  // The others come a second later than the first honest one, and the last of those asks when they are gone.
  const load = honest(13 + (2 * count) / COMING[stage], rate)
  await sleep(1000)
  const coming = performance.now()
  await crowd.come(stage)
  const comingSeconds = (performance.now() - coming) / 1000
  const opened = performance.now()
  while ((await figures()).open > FREE && performance.now() - opened < MOST_MS) await sleep(100)
  const slotsBackSeconds = (performance.now() - opened) / 1000
  await crowd.come(stage)
  const beforeReset = await figures()
  await crowd.reset()
  const reset = performance.now()
  await servesAgain()
  const servedAgainMs = performance.now() - reset
  await sleep(1000)
  const after = await figures()
  const { offered, served, refused, unanswered, milliseconds } = await load
  await crowd.go()
  return {
    stage,
    ...{ offered, served, refused, unanswered },
    share: served / offered,
    p50: milliseconds.p50,
    p99: milliseconds.p99,
    residentMegabytes: stopWatching() / 1e6,
    comingSeconds,
    slotsBackSeconds,
    servedAgainMs,
    stallsOnReset: after.stalls - beforeReset.stalls,
    stalls: after.stalls - before.stalls,
    shed: difference(after.shed, before.shed),
    recordsLost: after.recordsLost - before.recordsLost,
    withoutDescriptor: readFileSync(logFile, 'utf8').split('EMFILE').length - 1,
  }
}

/** Until one more honest client has an AC. */
async function servesAgain(): Promise<void> {
  const ask = { port, secureContext, request: REQUESTS.rest, expect: ISSUED }
  await firstAnswer(() => askOnce(ask)).catch(cause => {
    throw new Error('nobody is served after the others were reset', { cause })
  })
}

function honest(seconds: number, perSecond: number) {
  return openLoad({
    ...{ port, credential, request: REQUESTS.rest, expect: ISSUED, ecdhCurve: 'X25519' },
    ...{ rate: perSecond, seconds, seed: 1, distanceMs: 0 },
  })
}

function workerOf(supervisor: number): number {
  const children = readdirSync(`/proc/${supervisor}/task`).flatMap(task =>
    readFileSync(`/proc/${supervisor}/task/${task}/children`, 'latin1').trim().split(' ').filter(Boolean),
  )
  const found = children.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('workerProcess'))
  if (found === undefined) throw new Error('there is no worker')
  return Number(found)
}

interface Figures {
  readonly stalls: number
  readonly open: number
  readonly shed: Readonly<Record<string, number>>
  /** Of the audit. */
  readonly recordsLost: number
}

/** What was shed in between, by reason. */
function difference(after: Figures['shed'], before: Figures['shed']): string {
  const grown = Object.keys(after).map(reason => [reason, after[reason]! - (before[reason] ?? 0)] as const)
  return grown.flatMap(([reason, by]) => (by > 0 ? [`${reason} ${by}`] : [])).join(', ') || 'none'
}

/** From the metrics: how often the event loop was held up for more than a quarter of a second, and what was shed. */
async function figures(): Promise<Figures> {
  const { body: text } = await askObserve(observeSocket(config), '/metrics')
  const value = (pattern: RegExp) =>
    [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0)
  return {
    stalls:
      value(/^vouchd_event_loop_delay_seconds_count (\S+)$/gm) -
      value(/^vouchd_event_loop_delay_seconds_bucket\{le="0.25"\} (\S+)$/gm),
    open: value(/^vouchd_connections_open\{.*\} (\S+)$/gm),
    recordsLost: value(/^vouchd_audit_records_total\{.*result="failed".*\} (\S+)$/gm),
    shed: Object.fromEntries(
      [...text.matchAll(/^vouchd_requests_shed_total\{.*reason="(\w+)"\} (\S+)$/gm)].map(match => [
        match[1]!,
        Number(match[2]),
      ]),
    ),
  }
}
