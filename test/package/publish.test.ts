import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTree } from '../../packaging/buildTree.ts'
import { productionFaults } from '../../packaging/installProduction.ts'
import { originOf, ROOT } from '../../packaging/origin.ts'
import { run } from '../../packaging/run.ts'
import { sbom } from '../../packaging/sbom.ts'

const origin = originOf()
const BUILDING_MS = 240_000

describe('the package as it is published', () => {
  let folder: string
  let tarball: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vouchd-publish-'))
    tarball = pack('first')
  }, BUILDING_MS)
  afterAll(() => rmSync(folder, { recursive: true }))

  function pack(name: string): string {
    const tree = join(folder, name, 'tree')
    mkdirSync(join(folder, name))
    buildTree(tree, origin)
    run('npm', ['pack', '--loglevel=error', '--pack-destination', join(folder, name), tree])
    const [file] = readdirSync(join(folder, name)).filter(each => each.endsWith('.tgz'))
    return join(folder, name, file!)
  }

  it(
    'has the same octets when it is made again',
    () => {
      expect(digest(pack('second'))).toBe(digest(tarball))
    },
    BUILDING_MS,
  )

  it('holds JavaScript without maps, tests or names of folders here', () => {
    const files = globSync('**/*.*', { cwd: join(folder, 'first/tree') })
    expect(files.filter(file => /\.map$|(^|\/)test\/|(?<!\.d)\.ts$/.test(file))).toEqual([])
    const scripts = files.filter(file => file.endsWith('.js'))
    expect(scripts.length).toBeGreaterThan(300)
    const telling = scripts.filter(file =>
      readFileSync(join(folder, 'first/tree', file), 'utf8').includes(ROOT),
    )
    expect(telling).toEqual([])
  })

  describe('installed', () => {
    let project: string
    beforeAll(() => {
      project = join(folder, 'project')
      mkdirSync(join(project, 'node_modules'), { recursive: true })
      run('tar', ['-xzf', tarball, '-C', project])
      renameSync(join(project, 'package'), join(project, 'node_modules/vouchd'))
      symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules/vouchd/node_modules'))
    })

    it('runs, and knows its version and commit', () => {
      const { stdout, stderr } = spawnSync(join(project, 'node_modules/vouchd/bin/vouchd'), ['--version'], {
        encoding: 'utf8',
      })
      expect(stderr).toBe('')
      expect(stdout.trim()).toBe(origin.version)
      const manifest = JSON.parse(readFileSync(join(project, 'node_modules/vouchd/package.json'), 'utf8'))
      expect(manifest).toMatchObject({ gitHead: origin.revision, engines: { node: '>=24.18.1' } })
      expect(manifest).not.toHaveProperty('devDependencies')
      expect(manifest).not.toHaveProperty('private')
    })

    it('is a library with types', () => {
      writeFileSync(
        join(project, 'use.mts'),
        `import { parseLsc } from 'vouchd/native-free'\nconst chains: readonly (readonly string[])[] = parseLsc('/C=IT/CN=h\\n/C=IT/CN=ca\\n')\nconsole.log(JSON.stringify(chains))\n// @ts-expect-error the type is known\nparseLsc(1)\n`,
      )
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
      run(
        process.execPath,
        [tsc, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', 'use.mts'],
        {
          cwd: project,
        },
      )
      writeFileSync(
        join(project, 'use.mjs'),
        `import { parseLsc } from 'vouchd/native-free'\nconsole.log(JSON.stringify(parseLsc('/C=IT/CN=h\\n/C=IT/CN=ca\\n')))\n`,
      )
      expect(run(process.execPath, ['use.mjs'], { cwd: project })).toBe('[["/C=IT/CN=h","/C=IT/CN=ca"]]\n')
    })
  })
})

describe('the bill of materials', () => {
  it.each(['cyclonedx', 'spdx'] as const)(
    'in the form of %s is the production tree, and the same each time',
    format => {
      const text = sbom(format, origin)
      expect(sbom(format, origin)).toBe(text)
      const document = JSON.parse(text) as {
        components?: { name: string }[]
        packages?: { name: string }[]
      }
      const names = (document.components ?? document.packages!).map(({ name }) => name)
      const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
      expect(names).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)))
      const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
      // What a production package needs in its turn may be of use to development as well.
      const developing = Object.keys(manifest.devDependencies).filter(
        name => lock.packages[`node_modules/${name}`].dev === true,
      )
      expect(developing.length).toBeGreaterThan(5)
      for (const name of developing) expect(names).not.toContain(name)
      expect(names).not.toContain('@napi-rs/nice')
    },
  )
})

describe('what may not be in production', () => {
  it('is found: native code, and what runs at install time', () => {
    const modules = mkdtempSync(join(tmpdir(), 'vouchd-modules-'))
    const plant = (file: string, text: string) => {
      mkdirSync(join(modules, file, '..'), { recursive: true })
      writeFileSync(join(modules, file), text)
    }
    plant('good/package.json', '{"scripts":{"test":"x","prepare":"x"}}')
    expect(productionFaults(modules)).toEqual([])
    plant('addon/build/addon.node', '')
    plant('gyp/binding.gyp', '')
    plant('@scope/hook/node_modules/deep/package.json', '{"scripts":{"postinstall":"x"}}')
    plant('flag/package.json', '{"gypfile":true}')
    expect(productionFaults(modules).toSorted()).toEqual([
      'native code: addon/build/addon.node',
      'native code: gyp/binding.gyp',
      'native code: gypfile of flag/package.json',
      'runs at install time: postinstall of @scope/hook/node_modules/deep/package.json',
    ])
    rmSync(modules, { recursive: true })
  })

  it('cannot come in by the lock file: every package is exact, from the registry, and hashed', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      lockfileVersion: number
      packages: Record<
        string,
        {
          version?: string
          integrity?: string
          dev?: boolean
          optional?: boolean
          hasInstallScript?: boolean
        }
      >
    }
    expect(lock.lockfileVersion).toBe(3)
    const production = Object.entries(lock.packages).filter(
      ([name, { dev, optional }]) => name !== '' && !dev && !optional,
    )
    expect(production.length).toBeGreaterThan(30)
    const loose = production.filter(
      ([, { version, integrity, hasInstallScript }]) =>
        !/^\d+\.\d+\.\d+/.test(version ?? '') || !integrity?.startsWith('sha512-') || hasInstallScript,
    )
    expect(loose.map(([name]) => name)).toEqual([])
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    for (const version of Object.values({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    }
  })
})

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
