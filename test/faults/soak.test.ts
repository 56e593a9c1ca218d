import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SOAK = fileURLToPath(new URL('../../bench/load/soak.ts', import.meta.url))

interface Figures {
  readonly served: number
  readonly granted: number
  readonly refused: number
  readonly freshProxies: number
  readonly reachableMegabytes: readonly [number, number]
  readonly openFiles: readonly [number, number]
}

// The long form is `node bench/load/soak.ts`: what grows with each request shows there. Here it is what a request
// leaves behind that it never gives back, such as a descriptor or a whole connection.
it('what the daemon holds does not follow what it has served', { timeout: 600_000 }, async () => {
  const options = ['--count', '12000', '--parts', '8', '--warm', '100', '--members', '20', '--json']
  const child = spawn(process.execPath, [SOAK, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  expect(code).toBe(0)
  const figures = JSON.parse(text) as Figures
  expect(figures.served).toBeGreaterThan(11_000)
  expect(figures.granted).toBeGreaterThan(9000)
  expect(figures.refused).toBeGreaterThan(100)
  expect(figures.freshProxies).toBeGreaterThan(10)
  const [least, most] = figures.openFiles
  // A loop that is late listens on 31 more descriptors, in each worker; one left behind by each connection would be
  // hundreds.
  expect(most - least).toBeLessThanOrEqual(100)
  const [first, last] = figures.reachableMegabytes
  // A kilobyte a request would be ten; caches and compiled code take two or three.
  expect(last - first).toBeLessThan(8)
})
