import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { MemberParameters, MemberRun } from './memberClient.ts'
import { mostMsFor } from './mostMsFor.ts'
import type { LoadResult } from './runLanes.ts'

/** A process that asks as many members do. */
export interface MemberLoad {
  run(run: MemberRun): Promise<LoadResult & { readonly distinct: number }>
  stop(): Promise<void>
}

export function startMemberLoad(parameters: MemberParameters): MemberLoad {
  const script = fileURLToPath(new URL('./memberClient.ts', import.meta.url))
  const child = fork(script, [JSON.stringify(parameters)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  return {
    async run(run) {
      const answer = once(child, 'message', {
        signal: AbortSignal.timeout(mostMsFor(run.count)),
      })
      child.send(run)
      const [result] = await Promise.race([
        answer,
        ended.then(([code]) => {
          throw new Error(`the load failed (status ${code})`)
        }),
      ])
      return result
    },
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
