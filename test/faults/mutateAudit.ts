import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditFolder, issueOne } from '../audit/auditFolder.ts'

/** A record of three processes over several starts and days, closed and signed. */
export async function makeAudit(): Promise<ReturnType<typeof auditFolder>> {
  const audit = auditFolder()
  let number = 0
  for (let start = 0; start < 3; start++) {
    const logs = [await audit.open({ maxSegmentBytes: 8000 }), await audit.open({ maxSegmentBytes: 8000 })]
    const signer = await audit.signer(logs)
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 12; i++) await issueOne(logs[i % 2]!, number++)
      audit.clock.now += 60
      await signer.sign()
    }
    for (const log of logs) await log.close()
    await signer.close()
    audit.clock.now += 40_000
  }
  return audit
}

/** Numbers from 0 up to a bound, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

type Random = (below: number) => number

/** What somebody may do to the files. Each gives what it did, or undefined when it could do nothing. */
const MUTATIONS: Record<string, (files: Files, random: Random) => string | undefined> = {
  'flip a bit': (files, random) =>
    files.change(random, bytes => {
      bytes[random(bytes.length)]! ^= 1 << random(8)
      return bytes
    }),
  'overwrite octets': (files, random) =>
    files.change(random, bytes => {
      const at = random(bytes.length)
      for (let i = at; i < Math.min(bytes.length, at + 1 + random(40)); i++) bytes[i] = random(256)
      return bytes
    }),
  'change a letter of a name': (files, random) =>
    files.change(random, bytes => {
      const at = bytes.indexOf('user ', random(bytes.length))
      if (at >= 0) bytes[at + 5] = 0x30 + ((bytes[at + 5]! - 0x30 + 1) % 10)
      return bytes
    }),
  'remove octets': (files, random) =>
    files.change(random, bytes => {
      const at = random(bytes.length)
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(40))])
    }),
  'insert octets': (files, random) =>
    files.change(random, bytes => {
      const at = random(bytes.length + 1)
      const more = Buffer.from(Array.from({ length: 1 + random(40) }, () => random(256)))
      return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])
    }),
  'remove a record': (files, random) =>
    files.changeLines(random, lines => lines.filter((_, i) => i !== random(lines.length))),
  'remove the last records': (files, random) =>
    files.changeLines(random, lines => lines.slice(0, random(lines.length))),
  'repeat a record': (files, random) =>
    files.changeLines(random, lines => {
      const at = random(lines.length)
      return [...lines.slice(0, at), lines[at]!, ...lines.slice(at)]
    }),
  'swap two records': (files, random) =>
    files.changeLines(random, lines => {
      const [a, b] = [random(lines.length), random(lines.length)]
      return lines.map((line, i) => (i === a ? lines[b]! : i === b ? lines[a]! : line))
    }),
  'put in a record of another file': (files, random) =>
    files.changeLines(random, lines => {
      const others = files.lines(files.pick(random))
      const at = random(lines.length + 1)
      return [...lines.slice(0, at), others[random(others.length)]!, ...lines.slice(at)]
    }),
  'cut a file': (files, random) => files.change(random, bytes => bytes.subarray(0, random(bytes.length))),
  'empty a file': (files, random) => files.change(random, () => Buffer.alloc(0)),
  'remove a file': (files, random) => files.drop(files.pick(random)),
  'swap two files': (files, random) => files.swap(files.pick(random), files.pick(random)),
  'give a file the next number': (files, random) => files.renumber(files.pick(random)),
  'remove the last files of a log': (files, random) => files.dropLast(files.pick(random)),
  'remove a log': (files, random) => files.dropLog(files.pick(random)),
}

/** The files of a folder in memory, so that each mutation starts from the same. */
class Files {
  readonly folder: string
  readonly original: ReadonlyMap<string, Buffer>
  readonly changed = new Map<string, Buffer | undefined>()

  constructor(folder: string) {
    this.folder = folder
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.seg'),
    )
    this.original = new Map(names.sort().map(name => [name, readFileSync(join(folder, name))]))
  }

  pick(random: Random): string {
    return [...this.original.keys()][random(this.original.size)]!
  }

  lines(name: string): string[] {
    return this.original
      .get(name)!
      .toString('latin1')
      .split(/(?<=\n)/)
  }

  change(random: Random, edit: (bytes: Buffer) => Buffer): string | undefined {
    const name = this.pick(random)
    const before = this.original.get(name)!
    return this.put(name, edit(Buffer.from(before)))
  }

  changeLines(random: Random, edit: (lines: string[]) => string[]): string | undefined {
    const name = this.pick(random)
    return this.put(name, Buffer.from(edit(this.lines(name)).join(''), 'latin1'))
  }

  private put(name: string, bytes: Buffer): string | undefined {
    if (this.original.get(name)?.equals(bytes)) return undefined
    this.changed.set(name, bytes)
    return name
  }

  drop(name: string): string {
    this.changed.set(name, undefined)
    return name
  }

  swap(a: string, b: string): string | undefined {
    if (this.original.get(a)!.equals(this.original.get(b)!)) return undefined
    this.changed.set(a, this.original.get(b))
    this.changed.set(b, this.original.get(a))
    return `${a}, ${b}`
  }

  renumber(name: string): string {
    const [log, file] = name.split('/')
    const next = `${log}/${String(Number.parseInt(file!, 10) + 1).padStart(8, '0')}.seg`
    this.changed.set(name, undefined)
    this.changed.set(next, this.original.get(name))
    return name
  }

  dropLast(from: string): string {
    const log = from.split('/')[0]!
    for (const name of this.original.keys()) if (name.startsWith(`${log}/`) && name >= from) this.drop(name)
    return from
  }

  dropLog(of: string): string {
    const log = of.split('/')[0]!
    for (const name of this.original.keys()) if (name.startsWith(`${log}/`)) this.drop(name)
    return log
  }

  write(): void {
    for (const [name, bytes] of this.changed) {
      if (bytes === undefined) rmSync(join(this.folder, name), { force: true })
      else writeFileSync(join(this.folder, name), bytes)
    }
  }

  restore(): void {
    for (const name of this.changed.keys()) {
      const bytes = this.original.get(name)
      if (bytes === undefined) rmSync(join(this.folder, name), { force: true })
      else writeFileSync(join(this.folder, name), bytes)
    }
    this.changed.clear()
  }
}

export interface MutationResult {
  /** How many were done, by their name. */
  readonly done: Readonly<Record<string, number>>
  /** Those that verification took for what was written. */
  readonly missed: readonly string[]
}

/** Damages a record of its own making in `count` ways, one at a time, and verifies it after each. */
export async function mutateAudit(count: number, seed: number): Promise<MutationResult> {
  const audit = await makeAudit()
  try {
    const before = await audit.verify()
    if (before.faults.length > 0)
      throw new Error(`the record is faulty before any change: ${before.faults[0]!.what}`)
    const random = randomFrom(seed)
    const files = new Files(audit.folder)
    const names = Object.keys(MUTATIONS)
    const done: Record<string, number> = {}
    const missed: string[] = []
    for (let number = 0; number < count; ) {
      const name = names[random(names.length)]!
      const what = MUTATIONS[name]!(files, random)
      if (what === undefined) {
        files.changed.clear()
        continue
      }
      number++
      done[name] = (done[name] ?? 0) + 1
      files.write()
      const { faults } = await audit.verify()
      if (faults.length === 0) missed.push(`${name}: ${what} (number ${number}, seed ${seed})`)
      files.restore()
    }
    const after = await audit.verify()
    if (after.faults.length > 0) throw new Error('the record is not what it was at the beginning')
    return { done, missed }
  } finally {
    audit.remove()
  }
}
