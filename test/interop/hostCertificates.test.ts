import { afterAll, beforeAll, describe, it } from 'vitest'
import { arcproxyClients } from './arcproxy.ts'
import { interopCases } from './cases.ts'
import { CASE_TIMEOUT_MS, newPlace, tryCase } from './clientSuite.ts'
import { curlClients } from './curl.ts'
import { interopSuite } from './demand.ts'
import { VO } from './dump.ts'
import type { AcServer } from './vomsd.ts'
import { vomsProxyInit2Clients } from './vomsProxyInit2.ts'
import { vomsProxyInit3Clients } from './vomsProxyInit3.ts'
import { startVouchd } from './vouchd.ts'
import { type Credential, createWorld, type World } from './world.ts'

const clients = [...vomsProxyInit2Clients, ...vomsProxyInit3Clients, ...arcproxyClients, ...curlClients]
const programs = [...new Set(clients.flatMap(client => client.programs))]
const roleInGroup = interopCases.find(({ name }) => name === 'role in group')!

/** What the daemon presents in TLS; its ACs are signed with the RSA key in each case. */
const presented: readonly [string, (world: World) => Credential[]][] = [
  ['an ECDSA one alone', ({ ecHost }) => [ecHost]],
  ['an RSA and an ECDSA one', ({ host, ecHost }) => [host, ecHost]],
]

interopSuite('interoperation: host certificates', programs, () => {
  const running = {} as { world: World; server: AcServer }
  beforeAll(async () => {
    running.world = await createWorld(VO)
  })
  afterAll(() => running.world?.remove())

  describe.each(presented)('%s', (_, hosts) => {
    beforeAll(async () => {
      running.server = await startVouchd(running.world, { hosts: hosts(running.world) })
    })
    afterAll(() => running.server?.stop())

    it.each(clients.map(client => [client.name, client] as const))(
      '%s',
      async (_name, client) => {
        await tryCase(client, roleInGroup, await newPlace(running.world, running.server.port))
      },
      CASE_TIMEOUT_MS,
    )
  })
})
