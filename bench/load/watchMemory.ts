import { residentBytes } from './processorTime.ts'

/** Looks twenty times a second at what each process holds until it is told to stop, and gives the most, in bytes. */
export function watchMemory(pids: readonly number[]): () => number {
  let most = 0
  const look = () => {
    most = Math.max(most, ...pids.map(residentBytes))
  }
  const timer = setInterval(look, 50)
  return () => {
    clearInterval(timer)
    look()
    return most
  }
}
