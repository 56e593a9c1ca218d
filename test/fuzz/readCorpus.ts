import { readdirSync, readFileSync } from 'node:fs'

/** The committed inputs of a target, by file name: valid ones, and those that once were trouble. */
export function readCorpus(name: string): Uint8Array[] {
  return [...readFiles(name).values()]
}

export function readFiles(name: string): ReadonlyMap<string, Uint8Array> {
  return readFolder(new URL(`./corpus/${name}/`, import.meta.url), () => true)
}

/** Vectors of a room that can serve as seeds: of a folder below test/vectors, and those below it. */
export function readVectors(folder: string, wanted: (file: string) => boolean): Uint8Array[] {
  return [...readFolder(new URL(`../vectors/${folder}/`, import.meta.url), wanted).values()]
}

function readFolder(folder: URL, wanted: (file: string) => boolean): Map<string, Uint8Array> {
  const files = readdirSync(folder, { recursive: true }).map(String).filter(wanted).sort()
  return new Map(files.map(file => [file, new Uint8Array(readFileSync(new URL(file, folder)))]))
}
