import type { Logger } from 'pino'
import type { HeadSigner } from '../audit/createHeadSigner.ts'
import { openHeadSigner } from '../audit/openAudit.ts'
import type { LogHead } from '../audit/records.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/types.ts'
import { createEvents } from '../events.ts'
import { countAudit } from '../observe/countAudit.ts'
import type { Registry } from '../observe/registry.ts'

/** The signer of the audit's heads for all workers. A process that does everything itself signs its own. */
export interface HeadKeeper {
  /** Throws ConfigError for a folder or a key that cannot be used. */
  open(config: Config): Promise<void>
  /** Ends the signers of other folders and keys. */
  keepOnly(config: Config): Promise<void>
  /** Signs a last time; after the workers have ended. */
  close(): Promise<void>
}

export function createHeadKeeper(
  deps: {
    readonly clock: Clock
    readonly monotonic: () => number
    readonly log: Logger
    readonly registry: Registry
  },
  heads: () => Promise<readonly LogHead[]>,
): HeadKeeper {
  const { clock, monotonic, log } = deps
  const signers = new Map<string, HeadSigner>()
  let opening: Promise<unknown> = Promise.resolve()

  async function closeOthers(key: string | undefined): Promise<void> {
    const others = [...signers].filter(([name]) => name !== key)
    for (const [name] of others) signers.delete(name)
    await Promise.all(others.map(([, signer]) => signer.close()))
  }

  return {
    async open(config) {
      const key = keyOf(config)
      if (key === undefined || signers.has(key)) return
      const signerDeps = { clock, monotonic, events: createEvents(log), observer: countAudit(deps.registry) }
      const signer = openHeadSigner(config.audit, signerDeps, heads)
      opening = signer.catch(() => {})
      signers.set(key, await signer)
    },
    keepOnly: config => closeOthers(keyOf(config)),
    async close() {
      // The end may come while one is opened; what was recorded by then is signed by it.
      await opening
      await closeOthers(undefined)
    },
  }
}

/** What makes it another signer; undefined where there is none. */
function keyOf({ audit: { enabled, folder, headKey }, processes: { workers } }: Config): string | undefined {
  return enabled && workers !== 0 ? JSON.stringify([folder, headKey]) : undefined
}
