const MAX_LIFETIME = 0x7fffffff

/**
 * Reads a lifetime in seconds as C's atoi does: blanks, sign, digits, and the rest ignored. undefined for what
 * is absent, empty, zero, negative or no number, which all mean the VO's maximum. Saturates at 2^31 - 1.
 */
export function parseLifetime(text: string | undefined): number | undefined {
  const digits = /^[ \t\n\v\f\r]*\+?([0-9]+)/.exec(text ?? '')?.[1]
  if (digits === undefined) return undefined
  const seconds = Math.min(Number(digits), MAX_LIFETIME)
  return seconds === 0 ? undefined : seconds
}
