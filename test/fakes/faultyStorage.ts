import { truncateSync } from 'node:fs'
import { type SegmentFile, type SegmentStorage, segmentStorage } from '../../src/audit/segmentStorage.ts'

export interface FaultyStorage extends SegmentStorage {
  /** What the next operations do; undefined: work. Gives how many octets a write takes, or throws. */
  onWrite: ((bytes: Uint8Array) => Promise<number> | number) | undefined
  onTruncate: (() => void) | undefined
  onCreate: (() => void) | undefined
  /** After the name was given, before that is durable. */
  onPublish: (() => void) | undefined
  /** After the octets are in the file and before they are durable. */
  onSync: (() => Promise<void>) | undefined
  /** Writes in the order they began, with how many octets each was given. */
  readonly writes: number[]
  /** By path: the length that has certainly reached the disk. */
  readonly durable: Map<string, number>
  /** What a power cut leaves: every file cut back to what was durable. */
  cutPower(): void
}

export function failWith(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code })
  }
}

/** The real storage with faults put in, which remembers what is durable. */
export function faultyStorage(): FaultyStorage {
  const durable = new Map<string, number>()
  const storage: FaultyStorage = {
    ...segmentStorage,
    onWrite: undefined,
    onTruncate: undefined,
    onCreate: undefined,
    onPublish: undefined,
    onSync: undefined,
    writes: [],
    durable,
    async create(path) {
      storage.onCreate?.()
      // A file keeps its length under the name that it is given later.
      const name = path.replace(/\.new$/, '')
      const file = await segmentStorage.create(path)
      return watched(file, storage, length => durable.set(name, length))
    },
    async publish(from, to) {
      await segmentStorage.publish(from, to)
      storage.onPublish?.()
    },
    cutPower() {
      for (const [path, length] of durable) truncateSync(path, length)
    },
  }
  return storage
}

function watched(
  file: SegmentFile,
  storage: FaultyStorage,
  noteDurable: (length: number) => void,
): SegmentFile {
  return {
    async write(bytes, position) {
      storage.writes.push(bytes.length)
      const taken = storage.onWrite === undefined ? bytes.length : await storage.onWrite(bytes)
      const written = taken === 0 ? 0 : await file.write(bytes.subarray(0, taken), position)
      await storage.onSync?.()
      noteDurable(position + written)
      return written
    },
    async truncate(length) {
      storage.onTruncate?.()
      await file.truncate(length)
      noteDurable(length)
    },
    close: () => file.close(),
  }
}
