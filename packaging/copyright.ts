import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

/** Debian has its text on every machine. */
const COMMON = new Map([['Apache-2.0', '/usr/share/common-licenses/Apache-2.0']])

/**
 * debian/copyright in the machine-readable form: vouchd, Node.js and every production package with the text of its own
 * licence. `root` is where the package is installed.
 */
export function copyright(root: string, modules: string, nodeLicense: string): string {
  const paragraphs = [
    fields({
      Format: 'https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
      'Upstream-Name': 'vouchd',
    }),
    fields({ Files: '*', Copyright: 'the vouchd contributors', License: 'Apache-2.0' }),
    fields({
      Files: `${root}/bin/node`,
      Copyright: 'Node.js contributors, and those that the licence names',
      License: `MIT-Node.js\n${nodeLicense}`,
    }),
    ...manifests(modules).map(folder => packageParagraph(root, modules, folder)),
    ...[...COMMON].map(([name, file]) =>
      fields({ License: `${name}\nOn Debian systems the whole text is in ${file}.` }),
    ),
  ]
  return `${paragraphs.join('\n\n')}\n`
}

/** Folders of packages, those within others included. */
function manifests(modules: string): readonly string[] {
  return globSync(['*/package.json', '@*/*/package.json', '**/node_modules/{*,@*/*}/package.json'], {
    cwd: modules,
  })
    .map(file => file.slice(0, -'/package.json'.length))
    .sort()
}

function packageParagraph(root: string, modules: string, folder: string): string {
  const at = join(modules, folder)
  const manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Manifest
  const { name, license, author } = manifest
  if (license === undefined) throw new Error(`${folder} does not say under which licence it is`)
  const text = licenseText(at)
  const holders = [...text.matchAll(/^\W*copyright (?:\(c\)|©|\d).*$/gim)].map(([line]) => line.trim())
  const writer = typeof author === 'string' ? author : author?.name
  return fields({
    Files: `${root}/node_modules/${folder}/*`,
    Copyright: holders.length > 0 ? holders.join('\n') : (writer ?? `the authors of ${name}`),
    License: COMMON.has(license) ? license : `${license}-${name.replaceAll('/', '-')}\n${text}`,
  })
}

function licenseText(folder: string): string {
  const files = readdirSync(folder).sort()
  const own = files.filter(file => /^(licen[cs]e|copying|notice)/i.test(file))
  if (own.length > 0) return own.map(file => readFileSync(join(folder, file), 'utf8')).join('\n')
  const readme = files.find(file => /^readme/i.test(file))
  const said = readme === undefined ? '' : readFileSync(join(folder, readme), 'utf8')
  const section = /^#+ *licen[cs]e\b[^\n]*\n([\s\S]*?)(?=^#|(?![\s\S]))/im.exec(said)?.[1]
  if (section === undefined) throw new Error(`${folder} has no text of its licence`)
  return section
}

/** Lines after the first are set in; empty ones have a dot. */
function fields(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      const [first = '', ...more] = value.trim().split('\n')
      const rest = more.map(line => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
      return [`${name}: ${first}`, ...rest].join('\n')
    })
    .join('\n')
}

/** The text of Node.js's own licence, beside its program. */
export function nodeLicenseText(nodePackage: string): string {
  const file = join(nodePackage, 'LICENSE')
  if (!existsSync(file)) throw new Error(`${file} is missing`)
  return readFileSync(file, 'utf8')
}
