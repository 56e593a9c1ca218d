/** A seeded source of chance (xorshift128): the same seed gives the same run on every machine. */
export class Random {
  #a: number
  #b = 0x9e3779b9
  #c = 0x243f6a88
  #d = 0xb7e15162

  constructor(seed: number) {
    this.#a = seed >>> 0 || 1
    // The first outputs of similar seeds are similar.
    for (let i = 0; i < 16; i++) this.next()
  }

  /** 32 bits. */
  next(): number {
    const t = this.#a ^ (this.#a << 11)
    this.#a = this.#b
    this.#b = this.#c
    this.#c = this.#d
    this.#d = (this.#d ^ (this.#d >>> 19) ^ t ^ (t >>> 8)) >>> 0
    return this.#d
  }

  /** 0 to n - 1. */
  below(n: number): number {
    return this.next() % n
  }

  /** Once in n times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }

  /** Mostly small, now and then large. */
  length(most: number): number {
    const scale = this.pick([4, 16, 64, most])
    return this.below(Math.min(scale, most) + 1)
  }
}

/** Seed of one target in a run: a target's inputs do not depend on which others run. */
export function seedFor(seed: number, name: string): number {
  let hash = seed >>> 0
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0
  return hash
}
