/** Counts what is under way, so that what it uses is closed after it. */
export interface InFlight {
  track<T>(work: Promise<T>): Promise<T>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

export function createInFlight(): InFlight {
  let count = 0
  const waiting: (() => void)[] = []
  const ended = () => {
    count--
    if (count === 0) for (const tell of waiting.splice(0)) tell()
  }
  return {
    track(work) {
      count++
      work.then(ended, ended)
      return work
    },
    async idle() {
      if (count > 0) await new Promise<void>(resolve => waiting.push(resolve))
    },
  }
}
