/**
 * Puts FQANs (short form) into issued order, each once: those of `list` that are held, in list order, then the
 * rest ascending by octets. The first one is the primary FQAN, which services map on.
 */
export function issueOrder(fqans: Iterable<string>, list: Iterable<string>): string[] {
  const rest = new Set(fqans)
  const first: string[] = []
  for (const wanted of list) {
    if (rest.delete(wanted)) first.push(wanted)
  }
  return [...first, ...[...rest].sort(byOctets)]
}

/** Compares two texts as their UTF-8 octets compare: negative, zero or positive. */
export function byOctets(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    // UTF-16 puts surrogates, which stand for U+10000 and above, below U+E000..U+FFFF; UTF-8 does not.
    if (x !== y) return aboveSurrogates(x) - aboveSurrogates(y)
  }
  return a.length - b.length
}

function aboveSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
