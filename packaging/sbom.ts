import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Origin, ROOT } from './origin.ts'
import { run } from './run.ts'

interface CycloneDx {
  serialNumber: string
  metadata: { timestamp: string; component: { name: string; type: string; version: string } }
}

interface Spdx {
  documentNamespace: string
  creationInfo: { created: string }
}

/**
 * The bill of materials of the production tree, by npm from package-lock.json. Its date is the origin's, and its number
 * comes from its content: the same tree has the same document.
 */
export function sbom(format: 'cyclonedx' | 'spdx', origin: Origin): string {
  const text = describeProduction(format)
  const created = new Date(origin.date * 1000).toISOString().replace('.000Z', 'Z')
  const document = JSON.parse(text) as CycloneDx | Spdx
  if ('serialNumber' in document) {
    document.serialNumber = ''
    document.metadata.timestamp = created
    document.metadata.component.name = 'vouchd'
    document.metadata.component.type = 'application'
    document.serialNumber = `urn:uuid:${uuidOf(JSON.stringify(document))}`
  } else {
    document.documentNamespace = ''
    document.creationInfo.created = created
    document.documentNamespace = `https://spdx.org/spdxdocs/vouchd-${origin.version}-${uuidOf(JSON.stringify(document))}`
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** A UUID of version 8 (RFC 9562), made of a digest. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

interface Lock {
  packages: Record<string, { dev?: boolean; optional?: boolean; devDependencies?: object }>
}

/**
 * npm leaves out of a production tree what development needs as well; so it is shown a project that never heard of
 * development.
 */
function describeProduction(format: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-sbom-'))
  try {
    const { devDependencies: _, ...manifest } = read<{ devDependencies: object }>('package.json')
    const lock = read<Lock>('package-lock.json')
    delete lock.packages['']!.devDependencies
    const production = Object.entries(lock.packages).filter(([, { dev, optional }]) => !dev && !optional)
    lock.packages = Object.fromEntries(production)
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
    const args = ['sbom', '--sbom-format', format, '--omit', 'optional', '--package-lock-only']
    return run('npm', args, { cwd: folder })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as T
}
