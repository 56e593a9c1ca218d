import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AcAnswer, type AcRequest, THIS_HOST } from './acRequest.ts'
import { type Expectation, type InteropCase, interopCases } from './cases.ts'
import type { Client, Place } from './client.ts'
import { interopSuite } from './demand.ts'
import { VO } from './dump.ts'
import { expectIssued, longForm } from './expectIssued.ts'
import type { Program } from './programs.ts'
import { makeProxyFile } from './proxyFile.ts'
import { formatResults, type Result, writeResults } from './results.ts'
import { startUnansweredFront } from './unansweredFront.ts'
import type { AcServer } from './vomsd.ts'
import { startVouchd } from './vouchd.ts'
import { createWorld, URI_HOST, type World } from './world.ts'

/** A client takes a second or two; a machine that is busy with other things may take many. */
export const CASE_TIMEOUT_MS = 90_000

/** How the server of a suite comes to be. */
export interface ServerMode {
  /** Stands behind the client's name in results; empty for a server with members of its own. */
  readonly label: string
  readonly programs: readonly Program[]
  /** Whether a client tries a case; every one does when absent. */
  tries?(client: Client, one: InteropCase): boolean
  start(world: World): Promise<AcServer>
}

/** vouchd with a configuration of its own and members that were imported. */
export const ownServer: ServerMode = { label: '', programs: [], start: startVouchd }

/**
 * Declares every interoperation case for the given clients, against one server in one world of their own.
 * `name` is that of the results file.
 */
export function clientSuite(name: string, clients: readonly Client[], mode: ServerMode = ownServer): void {
  const programs = [...new Set([...mode.programs, ...clients.flatMap(client => client.programs)])]
  interopSuite(`interoperation: ${name}`, programs, () => {
    const results: Result[] = []
    const running = {} as { world: World; server: AcServer }

    beforeAll(async () => {
      running.world = await createWorld(VO)
      running.server = await mode.start(running.world)
    })
    afterAll(async () => {
      await running.server?.stop()
      await running.world?.remove()
      const inOrder = interopCases.flatMap(({ name }) => results.filter(result => result.case === name))
      await writeResults(name, inOrder)
      console.log(formatResults(inOrder))
    })

    for (const client of clients) {
      describe(client.name, () => {
        const cases = interopCases.filter(one => mode.tries?.(client, one) !== false)
        for (const one of cases) declareCase(client, one, running, results, mode)
      })
    }
    for (const client of clients.filter(checksLsc)) declareLscControl(client, running)
  })
}

function declareCase(
  client: Client,
  one: InteropCase,
  running: { world: World; server: AcServer },
  results: Result[],
  { label }: ServerMode,
): void {
  const record = (result: Result['result'], detail: string, milliseconds = 0) =>
    results.push({ client: `${client.name}${label}`, case: one.name, result, detail, milliseconds })
  const why = client.notOffered(one.request)
  if (why !== undefined) {
    record('not offered', why)
    return
  }
  it(one.name, { timeout: CASE_TIMEOUT_MS }, async () => {
    const started = performance.now()
    const took = () => Math.round(performance.now() - started)
    try {
      const place = await withProxy(client, one.request, await newPlace(running.world, running.server.port))
      const [result, detail] = await tryCase(client, await onThisHost(client, one), place)
      if (one.expect.kind === 'issued') {
        expect(await lastProtocol(running.server.logFile)).toBe(client.protocol)
      }
      record(result, detail, took())
    } catch (error) {
      record('failed', error instanceof Error ? error.message.slice(0, 300) : `${error}`, took())
      throw error
    }
  })
}

/** The protocol of the last request in the server's log. */
async function lastProtocol(logFile: string): Promise<string | undefined> {
  return [...(await readFile(logFile, 'utf8')).matchAll(/"protocol":"(\w+)"/g)].at(-1)?.[1]
}

/** The case with the client's own name for this host among the targets, where it asks for that. */
async function onThisHost(client: Client, one: InteropCase): Promise<InteropCase> {
  const { request, expect: expected } = one
  if (!request.targets?.includes(THIS_HOST)) return one
  const targets = [await client.ownHostName()]
  return { ...one, request: { ...request, targets }, expect: { ...expected, targets } as Expectation }
}

/** A folder for one case. */
export async function newPlace(world: World, port: number): Promise<Place> {
  const folder = await mkdtemp(join(world.folder, 'case-'))
  return { world, port, folder, proxy: undefined }
}

/** Makes the proxy that the request is to be made with; its AC, if it has one, comes from the same server. */
async function withProxy(client: Client, { user, from }: AcRequest, place: Place): Promise<Place> {
  if (from === undefined) return place
  const elsewhere = await newPlace(place.world, place.port)
  const acs = from === 'proxy' ? [] : (await client.ask({ user, fqans: [''] }, elsewhere)).acs
  if (from === 'proxyWithAc') expect(acs).toHaveLength(1)
  return { ...place, proxy: await makeProxyFile(place.folder, place.world.users[user], acs) }
}

/** Asks and compares, and gives the result with its detail; throws where the outcome is not the expected one. */
export async function tryCase(
  client: Client,
  one: InteropCase,
  place: Place,
): Promise<[Result['result'], string]> {
  const answer = await askAsLegacyOnly(client, one.request, place)
  const expected = one.expect
  const ownRefusal = client.refusesItself(one.request)
  if (ownRefusal !== undefined) {
    expectRefused(answer, new RegExp(ownRefusal))
    return ['refused by the client itself', ownRefusal]
  }
  if (expected.kind === 'refused') {
    expectRefused(answer, expected.error)
    return ['passed', '']
  }
  if (expected.kind === 'listed') {
    expect(answer, answer.output).toMatchObject({ code: 0 })
    expect(answer.listed).toEqual(expected.fqans.map(longForm))
    return ['passed', '']
  }
  if (expected.warning !== undefined && client.warnings === 'taken as errors') {
    expectRefused(answer, expected.warning)
    return ['warning taken as error', `${expected.warning}`]
  }
  await expectIssued(client, one.request, expected, answer, place)
  return ['passed', '']
}

/** Runs the client behind a front that leaves its first connections unanswered, where the client says so. */
async function askAsLegacyOnly(client: Client, request: AcRequest, place: Place): Promise<AcAnswer> {
  if (client.unanswered === 0) return client.ask(request, place)
  const front = await startUnansweredFront(place.world.host, place.port, client.unanswered)
  try {
    return await client.ask(request, { ...place, port: front.port })
  } finally {
    await front.stop()
  }
}

function expectRefused(answer: AcAnswer, error: RegExp): void {
  expect(answer.output).toMatch(error)
  expect(answer.code, answer.output).not.toBe(0)
  expect(answer.acs).toEqual([])
}

const checksLsc = (client: Client) => client.name === 'voms-proxy-init2' || client.name === 'voms-proxy-init3'

/** The control of all cases above: these clients do compare the AC's issuer with the LSC file. */
function declareLscControl(client: Client, running: { world: World; server: AcServer }): void {
  it(`${client.name} refuses the AC when the LSC file names another issuer`, async () => {
    const place = await newPlace(running.world, running.server.port)
    const vomsdir = await mkdtemp(join(place.folder, 'vomsdir-'))
    const { caSubject } = place.world
    await mkdir(join(vomsdir, VO))
    await writeFile(join(vomsdir, VO, `${URI_HOST}.lsc`), `/C=IT/O=IGI/CN=somebody else\n${caSubject}\n`)
    const elsewhere = { ...place, world: { ...place.world, vomsdir } }
    const answer = await client.ask({ user: 'test0', fqans: [''] }, elsewhere)
    expect(answer.code, answer.output).not.toBe(0)
    expect(answer.output).toMatch(/Cannot verify AC signature|LSC validation failed/)
  })
}
