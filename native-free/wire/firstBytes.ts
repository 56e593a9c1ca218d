/** What the first bytes of a connection say. `at`: where the request itself starts. */
export type FirstBytes =
  | { readonly kind: 'more' }
  | { readonly kind: 'rest'; readonly at: number }
  | { readonly kind: 'legacy'; readonly at: number }
  | { readonly kind: 'unintelligible'; readonly at: number }

// One `0` is what clients send; a few line ends may come with it. More than this is no client of ours.
const MAX_SKIPPED = 64
// The longest registered HTTP method (UPDATEREDIRECTREF) has 17 letters.
const MAX_METHOD = 17

/**
 * Decides the protocol from all bytes received so far (docs/protocol.md 1): any leading `0` and white space is
 * skipped; a method token and a space make it HTTP, `<` makes it legacy XML. Looks at no more than the first
 * 82 bytes, so it may be asked again after each read.
 */
export function firstBytes(bytes: Uint8Array): FirstBytes {
  const at = skipLead(bytes)
  if (at > MAX_SKIPPED) return { kind: 'unintelligible', at: MAX_SKIPPED }
  if (at === bytes.length) return { kind: 'more' }
  if (bytes[at] === 0x3c) return { kind: 'legacy', at }
  let end = at
  while (end < bytes.length && end - at <= MAX_METHOD && isMethodLetter(bytes[end]!)) end++
  if (end - at > MAX_METHOD) return { kind: 'unintelligible', at }
  if (end === bytes.length) return { kind: 'more' }
  return bytes[end] === 0x20 && end > at ? { kind: 'rest', at } : { kind: 'unintelligible', at }
}

function skipLead(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length && at <= MAX_SKIPPED && isLead(bytes[at]!)) at++
  return at
}

function isLead(byte: number): boolean {
  return byte === 0x30 || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

function isMethodLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d
}
