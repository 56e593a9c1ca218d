import { createServer, type Server } from 'node:net'
import { expect, it } from 'vitest'
import type { CheckFinding } from '../../src/check/finding.ts'
import { checkConfig } from '../../src/config/checkConfig.ts'
import { createDoors } from '../../src/supervise/doors.ts'
import { openWhenFree } from '../../src/supervise/openWhenFree.ts'

async function hold(): Promise<{ server: Server; address: string }> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, address: `127.0.0.1:${(server.address() as { port: number }).port}` }
}

async function open(listen: string[], seconds: number, onWaiting: () => void) {
  const doors = createDoors([])
  const waits: (readonly CheckFinding[])[] = []
  const config = checkConfig({ vo: [{ name: 'vo.0', listen, uri: 'voms.example.org:15000' }] }, '/')
  const findings = await openWhenFree(doors, config, {
    seconds,
    monotonic: () => performance.now(),
    onWaiting(found) {
      waits.push(found)
      onWaiting()
    },
  })
  const opened = listen.filter(address => doors.handle(address) !== undefined)
  doors.close()
  return { findings, waits, opened }
}

it('waits for an address that another process has, and says so once', async () => {
  const { server, address } = await hold()
  const { findings, waits, opened } = await open([address], 60, () => setTimeout(() => server.close(), 500))
  expect([findings, opened]).toEqual([[], [address]])
  expect(waits).toEqual([[expect.objectContaining({ what: `${address} is in use` })]])
})

it.each([
  ['the time is over', 0, []],
  ['the time is over, after a while', 1, []],
  ['something else stands against it, too', 60, ['192.0.2.1:0']],
])('gives up when %s', async (_name, seconds, more) => {
  const { server, address } = await hold()
  const { findings, opened } = await open([address, ...more], seconds, () => {})
  server.close()
  expect(findings.map(({ what }) => what)).toContain(`${address} is in use`)
  expect(opened).toEqual([])
})
