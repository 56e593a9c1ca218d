import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

interface Locked {
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
}

it('every production dependency has its reason in docs/dependencies.md, and nothing else stands there', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  const rows = read('docs/dependencies.md').match(/^\| `.+?\|/gm) ?? []
  const documented = rows.flatMap(row => [...row.matchAll(/`([^`]+)`/g)].map(match => match[1]!))
  expect(documented.sort()).toEqual(Object.keys(dependencies).sort())
})

it('versions are exact, and nothing in production runs an install script', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
  const running = Object.entries(packages)
    .filter(([, entry]) => entry.hasInstallScript && !entry.dev && !entry.optional && !entry.devOptional)
    .map(([name]) => name)
  expect(running).toEqual([])
})
