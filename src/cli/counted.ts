/** "1 group", "2 groups". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Counts that are not zero in one phrase: "2 certificates, 4 groups"; undefined when all are. */
export function countedList(counts: readonly (readonly [count: number, one: string])[]): string | undefined {
  const parts = counts.filter(([count]) => count > 0).map(([count, one]) => counted(count, one))
  return parts.length === 0 ? undefined : parts.join(', ')
}
