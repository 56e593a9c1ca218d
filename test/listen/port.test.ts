import { once } from 'node:events'
import { connect, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ListenOn, openPort } from '../../src/listen/port.ts'

const PLACE = { key: 'here', address: { host: '127.0.0.1', port: 0 }, backlog: 16 }

/** Where several servers may listen, each on a port of its own here; how each ends is settled by hand. */
function askedPlace() {
  const asked: { server: Server; settle: (allowed: boolean) => Promise<void> }[] = []
  const listenOn: ListenOn = Object.assign(
    (server: Server) =>
      new Promise<void>((resolve, reject) => {
        const settle = async (allowed: boolean) => {
          if (!allowed) return reject(new Error('not here'))
          server.listen(0, '127.0.0.1')
          await once(server, 'listening')
          resolve()
          await sleep(0)
        }
        asked.push({ server, settle })
      }),
    { repeatable: true },
  )
  const listening = () => asked.filter(({ server }) => server.listening).length
  return { asked, listenOn, listening }
}

async function openedPort() {
  const place = askedPlace()
  const opening = openPort(PLACE, place.listenOn)
  await place.asked[0]!.settle(true)
  const port = await opening
  port.serve(raw => raw.destroy())
  onTestFinished(() => port.close())
  return { ...place, port }
}

describe('a port with further servers', () => {
  it('asks for one after the other, and has as many as it was told', async () => {
    const { asked, listening, port } = await openedPort()
    port.widen(4)
    for (let further = 1; further <= 3; further++) {
      expect(asked.length).toBe(1 + further)
      await asked[further]!.settle(true)
    }
    expect([asked.length, listening()]).toEqual([4, 4])
    port.widen(1)
    expect(listening()).toBe(1)
  })

  it('closes one that comes when it is wanted no more', async () => {
    const { asked, listening, port } = await openedPort()
    port.widen(8)
    await asked[1]!.settle(true)
    port.widen(1)
    await asked[2]!.settle(true)
    expect([asked.length, listening()]).toEqual([3, 1])
  })

  it('goes on with those that it has when one is refused, and may ask again', async () => {
    const { asked, listening, port } = await openedPort()
    port.widen(4)
    await asked[1]!.settle(true)
    await asked[2]!.settle(false)
    await sleep(0)
    expect([asked.length, listening()]).toEqual([3, 2])
    port.widen(4)
    await asked[3]!.settle(true)
    expect(listening()).toBe(3)
  })

  it('leaves none behind when it is closed while one is asked for', async () => {
    const { asked, listening, port } = await openedPort()
    port.widen(2)
    await port.close()
    await asked[1]!.settle(true)
    expect(listening()).toBe(0)
  })

  it('serves what comes to each of them alike', async () => {
    const { asked, port } = await openedPort()
    port.widen(2)
    await asked[1]!.settle(true)
    let served = 0
    port.serve(raw => {
      served++
      raw.destroy()
    })
    for (const { server } of asked) {
      const client = connect((server.address() as { port: number }).port, '127.0.0.1')
      client.resume()
      await once(client, 'close')
    }
    expect(served).toBe(2)
  })
})
