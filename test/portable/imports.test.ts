import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Import {
  readonly file: string
  readonly from: string
}

/** Every import of the sources below a folder; relative ones as paths from the root. */
function importsBelow(folder: string): Import[] {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT }).flatMap(file => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    return [...text.matchAll(/(?:from|import\()\s*'([^']+)'|^import '([^']+)'/gm)].map(match => {
      const named = match[1] ?? match[2]!
      return { file, from: named.startsWith('.') ? normalize(join(dirname(file), named)) : named }
    })
  })
}

function sourcesBelow(folder: string): { readonly file: string; readonly text: string }[] {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT }).map(file => ({
    file: relative('.', file),
    text: readFileSync(join(ROOT, file), 'utf8'),
  }))
}

describe('the rooms', () => {
  it('native-free/ imports only itself', () => {
    const imports = importsBelow('native-free')
    expect(imports.length).toBeGreaterThan(100)
    expect(imports.filter(({ from }) => !from.startsWith('native-free/'))).toEqual([])
  })

  it('issuing is free of transport and storage', () => {
    const strangers = /^src\/(listen|request|respond|resolve|store)\//
    expect(importsBelow('src/issue').filter(({ from }) => strangers.test(from))).toEqual([])
  })

  it('only the request path and the server know more than one stage', () => {
    const stages = ['listen', 'authenticate', 'request', 'resolve', 'issue', 'respond']
    const stageOf = (path: string) => stages.find(stage => path.startsWith(`src/${stage}/`))
    const values = (file: string) =>
      new Set(
        [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^import (?!type)[^']*'([^']+)'/gm)]
          .map(match => normalize(join(dirname(file), match[1]!)))
          .map(stageOf)
          .filter(stage => stage !== undefined && stage !== stageOf(file)),
      )
    const crossing = stages
      .flatMap(stage => globSync(`src/${stage}/**/*.ts`, { cwd: ROOT }))
      .filter(file => values(file).size > 0)
    expect(crossing).toEqual([])
  })

  it('the wall clock is read in one place', () => {
    const readers = [...sourcesBelow('src'), ...sourcesBelow('native-free')]
      .filter(({ text }) => /\bDate\.now\(|new Date\(\)/.test(text))
      .map(({ file }) => file)
    expect(readers).toEqual(['src/clock.ts'])
  })

  it('no test replaces a module of ours', () => {
    const mocking = sourcesBelow('test').filter(({ text }) => new RegExp(`vi\\.${'mock'}\\(`).test(text))
    expect(mocking.map(({ file }) => file)).toEqual([])
  })
})
