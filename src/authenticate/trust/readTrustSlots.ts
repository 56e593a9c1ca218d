import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_CRL_BYTES } from '../../../native-free/x509/parseCrl.ts'
import type { Finding } from './finding.ts'
import { fileStamp, readTrustFile } from './readTrustFile.ts'
import { type TrustFileName, trustFileName } from './trustFileName.ts'
import { isUsable, type TrustMemory, type TrustSlot } from './trustMemory.ts'
import { type PolicyObject, parseTrustObject, type TrustObject, type UselessObject } from './trustObject.ts'

/** The public distribution has about 500; some sites add their own. */
const MAX_FILES = 10_000

/** Files other than CRLs have some kilobytes; a megabyte is a mistake. */
const MAX_SMALL_FILE_BYTES = 1024 * 1024

/** PEM is a third longer than the DER it holds, and has line ends. */
const MAX_CRL_FILE_BYTES = Math.ceil(MAX_CRL_BYTES * 1.4)

/** All CRLs together; they stay in memory as they are. */
const MAX_ALL_CRL_BYTES = 512 * 1024 * 1024

export interface TrustReading {
  /** In the order of their names. */
  readonly slots: readonly TrustSlot[]
  readonly parsed: ReadonlyMap<string, TrustObject>
  readonly findings: readonly Finding[]
  /** Whether a file was being written while it was read: worth another look soon. */
  readonly unsettled: boolean
}

/**
 * Reads every file of a trust directory that is filed under a name hash, and makes objects of them; content known
 * from `memory` is not parsed again, and a file that is damaged or half written keeps its former object while that
 * is usable at `now`. Throws only when the directory itself cannot be listed.
 */
export async function readTrustSlots(
  folder: string,
  memory: TrustMemory,
  now: number,
): Promise<TrustReading> {
  const names = (await readdir(folder)).sort()
  const files = names.flatMap(name => trustFileName(name) ?? [])
  if (files.length > MAX_FILES) throw new Error(`it holds ${files.length} files, more than ${MAX_FILES}`)
  const reader = new SlotReader(folder, memory, now)
  const slots: TrustSlot[] = []
  for (const file of files) {
    const slot = await reader.slot(file)
    if (slot !== undefined) slots.push(slot)
  }
  return { slots, parsed: reader.parsed, findings: reader.findings, unsettled: reader.unsettled }
}

interface Content {
  readonly object: TrustObject
  readonly digest: string
}

class SlotReader {
  readonly parsed = new Map<string, TrustObject>()
  readonly findings: Finding[] = []
  unsettled = false
  private readonly folder: string
  private readonly memory: TrustMemory
  private readonly now: number
  /** Digests by kind and stamp: a file that is linked under both hash names is read once. */
  private readonly digests = new Map<string, string>()
  private crlBytes = 0

  constructor(folder: string, memory: TrustMemory, now: number) {
    this.folder = folder
    this.memory = memory
    this.now = now
  }

  /** Undefined when the file is as good as not there. */
  async slot(file: TrustFileName): Promise<TrustSlot | undefined> {
    const content = await this.content(file)
    if (content === undefined) return undefined
    const { object, digest } = content
    if (object.kind === 'policy') return this.policySlot(file, object, digest)
    if (object.kind === 'useless') {
      if (object.code !== 'not-a-ca') return this.standIn(file, object)
      this.report('warning', file, object)
      return undefined
    }
    if (object.hashes.includes(file.hash)) return { file, object, digest, standsIn: false }
    return this.misnamed(file, object.hashes[0])
  }

  private async content(file: TrustFileName): Promise<Content | undefined> {
    const path = join(this.folder, file.name)
    const stamp = await stampOf(path)
    const known = this.digests.get(`${file.kind}:${stamp}`)
    if (known !== undefined) return { object: this.parsed.get(`${file.kind}:${known}`)!, digest: known }

    const read = await readTrustFile(path, file.kind === 'crl' ? MAX_CRL_FILE_BYTES : MAX_SMALL_FILE_BYTES)
    if (read.kind === 'gone') {
      const what = 'is a symbolic link to a file that does not exist'
      this.report('warning', file, {
        code: 'unreadable',
        what,
        advice: 'remove it, or install what it names',
      })
      return undefined
    }
    if (read.kind === 'fault') {
      if (read.code === 'changing') this.unsettled = true
      return { object: { ...read, kind: 'useless' }, digest: '' }
    }
    const key = `${file.kind}:${read.digest}`
    const object =
      this.parsed.get(key) ?? this.memory.parsed.get(key) ?? (await parseTrustObject(file.kind, read.bytes))
    if (!this.parsed.has(key) && !this.fits(object)) return { object: TOO_MANY_CRLS, digest: '' }
    this.parsed.set(key, object)
    if (stamp !== '') this.digests.set(`${file.kind}:${stamp}`, read.digest)
    return { object, digest: read.digest }
  }

  private fits(object: TrustObject): boolean {
    if (object.kind !== 'crl') return true
    if (this.crlBytes + object.crl.der.length > MAX_ALL_CRL_BYTES) return false
    this.crlBytes += object.crl.der.length
    return true
  }

  private policySlot(file: TrustFileName, object: PolicyObject, digest: string): TrustSlot {
    const former = this.memory.good.get(file.name)?.object
    const isBad = object.policy === 'bad'
    const cut = former?.kind === 'policy' && isCutOff(object.bytes, former.bytes)
    if (cut && (isBad || object.bytes.length === 0)) {
      const what = 'is cut off: it begins as before and then ends'
      return this.standIn(file, { code: 'malformed', what, advice: ADVICE_POLICY })
    }
    if (isBad) {
      const what = `cannot be read: ${object.remarks.join('; ')}; users of this CA are refused`
      this.report('error', file, { code: 'policy-bad', what, advice: ADVICE_POLICY })
    } else {
      const remarks = object.policy.rules.length === 0 ? ['it holds no rule'] : object.remarks
      for (const what of remarks)
        this.report('warning', file, { code: 'policy-bad', what, advice: ADVICE_POLICY })
    }
    return { file, object, digest, standsIn: false }
  }

  /** Valid content under a name that is not its own. A CRL's place is not left empty by that, a CA's is. */
  private misnamed(file: TrustFileName, hash: string): TrustSlot | undefined {
    const what = `holds something whose name hash is ${hash}`
    const fault = {
      code: 'wrong-name',
      what,
      advice: `file it under ${hash}, and put the right one here`,
    } as const
    const former = this.former(file)
    if (file.kind === 'crl' && former !== undefined) return this.standIn(file, fault)
    this.report('warning', file, fault)
    return undefined
  }

  /** The former object of this name while it is usable; otherwise a slot that says "cannot be read". */
  private standIn(file: TrustFileName, fault: Pick<UselessObject, 'code' | 'what' | 'advice'>): TrustSlot {
    const former = this.former(file)
    if (former === undefined) {
      this.report('error', file, fault)
      return { file, object: undefined, digest: '', standsIn: false }
    }
    this.report('warning', file, { ...fault, what: `${fault.what}; what it held before stays in use` })
    // Remembered as parsed: when the good file comes back, it is known.
    this.parsed.set(`${file.kind}:${former.digest}`, former.object!)
    return { ...former, standsIn: true }
  }

  private former(file: TrustFileName): TrustSlot | undefined {
    const former = this.memory.good.get(file.name)
    return former?.object && isUsable(former.object, this.now) ? former : undefined
  }

  private report(
    level: Finding['level'],
    file: TrustFileName,
    { code, what, advice }: Pick<UselessObject, 'code' | 'what' | 'advice'>,
  ): void {
    this.findings.push({ code, level, file: file.name, what, advice })
  }
}

const ADVICE_POLICY = 'install the policy file of this CA again'

const TOO_MANY_CRLS: UselessObject = {
  kind: 'useless',
  code: 'too-large',
  what: `would make all CRLs together exceed ${MAX_ALL_CRL_BYTES} bytes`,
  advice: 'remove the CRLs of CAs that are not trusted here',
}

/** Where the file stands now; empty when it cannot be asked, which reading will explain. */
async function stampOf(path: string): Promise<string> {
  try {
    return fileStamp(await stat(path, { bigint: true }))
  } catch {
    return ''
  }
}

function isCutOff(now: Uint8Array, before: Uint8Array): boolean {
  return now.length < before.length && Buffer.compare(now, before.subarray(0, now.length)) === 0
}
