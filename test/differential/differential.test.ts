import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_LIFETIME_SECONDS } from '../interop/cases.ts'
import { interopSuite } from '../interop/demand.ts'
import { VO, writeWorldDump } from '../interop/dump.ts'
import { type MariaDb, startMariaDb } from '../interop/mariadb.ts'
import { makeProxyFile } from '../interop/proxyFile.ts'
import { type AcServer, startVomsd } from '../interop/vomsd.ts'
import { startVouchd } from '../interop/vouchd.ts'
import { type Credential, createWorld, type UserName, type World } from '../interop/world.ts'
import { type DifferentialCase, knownDifferences, sameCases } from './cases.ts'
import { askLegacy, exchange, type LegacyRequest, parseLegacyAnswer } from './legacyClient.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

const PROGRAMS = ['openssl', 'voms', 'libvomsmysql.so', 'mariadbd', 'mariadb-install-db'] as const

interopSuite("differential: the peer's server over the same database content", PROGRAMS, () => {
  const running = {} as { world: World; database: MariaDb; peer: AcServer; ours: AcServer }
  const settings = { vo: VO, maxLifetimeSeconds: MAX_LIFETIME_SECONDS }

  beforeAll(async () => {
    running.world = await createWorld(VO)
    running.database = await startMariaDb(running.world.folder, await writeWorldDump(running.world))
    running.peer = await startVomsd(running.world, running.database, settings)
    running.ours = await startVouchd(running.world)
  })
  afterAll(async () => {
    await running.ours?.stop()
    await running.peer?.stop()
    await running.database?.stop()
    await running.world?.remove()
  })

  async function both(
    credential: Credential,
    request: LegacyRequest,
    servers = [running.peer, running.ours],
  ): Promise<[Outcome, Outcome]> {
    const [theirs, ours] = servers.map(async ({ port }) =>
      outcomeOf(await askLegacy(port, credential, request)),
    ) as [Promise<Outcome>, Promise<Outcome>]
    return [await theirs, await ours]
  }

  async function credentialFor({ user, carrying }: DifferentialCase): Promise<Credential> {
    const own = running.world.users[user]
    if (carrying === undefined) return own
    const { ac } = await askLegacy(running.peer.port, own, carrying)
    const folder = await mkdtemp(join(running.world.folder, 'carrying-'))
    const file = await makeProxyFile(folder, own, [ac!])
    return { subject: own.subject, certificate: file, key: file }
  }

  describe('the same answers', () => {
    it.each(sameCases.map(one => [`${one.name} (${one.user})`, one] as const))('%s', async (_, one) => {
      const [theirs, ours] = await both(await credentialFor(one), one.request)
      expect(theirs.kind).not.toBe('no answer')
      expect(ours).toEqual(theirs)
    })

    it('any commands in any order', { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom<UserName>('test0', 'test1'), requests, async (user, request) => {
          const [theirs, ours] = await both(running.world.users[user], request)
          expect(ours).toEqual(theirs)
        }),
        { seed: 20_261_122, numRuns: 60 },
      )
    })
  })

  it('short FQANs, the new holder form, base64 unasked: the same switches, the same answers', {
    timeout: 120_000,
  }, async () => {
    const peerSwitches = ['-shortfqans', '-newformat', '-base64']
    const ourSwitches = ['fqanForm = "short"', 'holderForm = "issuer"', 'forceBase64 = true']
    await using servers = new AsyncDisposableStack()
    const peer = await startVomsd(running.world, running.database, { ...settings, further: peerSwitches })
    servers.defer(() => peer.stop())
    const ours = await startVouchd(running.world, { further: ourSwitches })
    servers.defer(() => ours.stop())
    for (const text of ['A', 'N', 'B/vo.0/G1:R1', 'G/vo.0/nope']) {
      const request = { commands: [text], lifetime: '3600' }
      const [theirAnswer, ourAnswer] = await both(running.world.users.test0, request, [peer, ours])
      expect(ourAnswer).toEqual(theirAnswer)
    }
  })

  describe('different on purpose', () => {
    it.each(knownDifferences.map(one => [`${one.name}: ${one.reason}`, one] as const))(
      '%s',
      async (_, one) => {
        const [theirs, ours] = await both(await credentialFor(one), one.request)
        expect(ours).not.toEqual(theirs)
        expect(ours).toMatchObject(one.ours)
      },
    )
  })

  it.each(['hello', '<voms></vomsx>', '<voms><command>G/vo.0</voms>', '<voms>&nbsp;</voms>'])(
    '%s is refused by both',
    async text => {
      const user = running.world.users.test0
      const [theirs, ours] = await Promise.all(
        [running.peer, running.ours].map(async ({ port }) =>
          parseLegacyAnswer(await exchange(port, user, text)),
        ),
      )
      // The wording has changed between versions of the peer; the number is what clients act on.
      expect(ours?.items.map(({ number }) => number)).toEqual(theirs?.items.map(({ number }) => number))
      expect(ours?.ac).toBeUndefined()
    },
  )
})

// Role-only commands and odd lifetimes are known differences, and stay out.
const groups = ['/vo.0', '/vo.0/G1', '/vo.0/G2', '/vo.0/G2/G3', '/vo.0/G1/G4', '/vo.0/nope']
const roles = ['R1', 'R2', 'VO-Admin', 'nope']
const commands = fc.oneof(
  fc.constantFrom('A', 'N', 'Gall'),
  fc.constantFrom(...groups).map(group => `G${group}`),
  fc.tuple(fc.constantFrom(...groups), fc.constantFrom(...roles)).map(([group, role]) => `B${group}:${role}`),
)
const orderEntries = fc.oneof(
  fc.constantFrom(...groups),
  fc.tuple(fc.constantFrom(...groups), fc.constantFrom(...roles)).map(([group, role]) => `${group}:${role}`),
)
const requests: fc.Arbitrary<LegacyRequest> = fc.record(
  {
    commands: fc.array(commands, { minLength: 1, maxLength: 4 }),
    order: fc.array(orderEntries, { minLength: 1, maxLength: 3 }).map(entries => entries.join(',')),
    lifetime: fc.constantFrom('600', '3600', '90000'),
    base64: fc.boolean(),
  },
  { requiredKeys: ['commands', 'lifetime', 'base64'] },
)
