import { checkCredentials } from '../check/checkCredentials.ts'
import type { Clock } from '../clock.ts'
import type { PreparedChange, RunningServer } from '../server.ts'
import type { AskName, Asks } from './messages.ts'

type Answers = { [N in AskName]: (body: Asks[N]['asks']) => Promise<Asks[N]['answers']> }

/** What a process that serves does when the supervisor asks. */
export function answerAsks(server: RunningServer, clock: Clock): Answers {
  let prepared: PreparedChange | undefined
  return {
    async check(config) {
      const { findings } = checkCredentials(config, process.getuid?.() ?? 0, clock.now())
      return findings.filter(({ level }) => level === 'error')
    },
    async prepare(config) {
      await prepared?.abort()
      prepared = undefined
      prepared = await server.prepare(config)
      return undefined
    },
    async commit() {
      prepared?.commit()
      prepared = undefined
      return server.addresses
    },
    async abort() {
      await prepared?.abort()
      prepared = undefined
      return undefined
    },
    auditHeads: async () => server.auditHeads(),
    metrics: async () => server.metrics(),
    memberCounts: () => server.memberCounts(),
    async reloadTrust() {
      await server.reloadTrust()
      return undefined
    },
  }
}
