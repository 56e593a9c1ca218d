/** The first release with every fix that a TLS server on the internet needs. */
const FLOOR = [24, 18, 1] as const

/**
 * Undefined when this Node.js is recent enough or the check is overridden, else what to tell people.
 * Distributions that carry fixes back into older versions override it.
 */
export function refuseOldNode(
  version: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (args.includes('--allow-old-node') || env['VOUCHD_ALLOW_OLD_NODE'] === '1') return undefined
  const parts = version.replace(/^v/, '').split('.').map(Number.parseFloat)
  for (const [index, least] of FLOOR.entries()) {
    const part = parts[index] ?? 0
    if (part > least) return undefined
    if (part < least) {
      return `vouchd needs Node.js ${FLOOR.join('.')} or later, this is ${version}; where its fixes are carried back into an older version, set VOUCHD_ALLOW_OLD_NODE=1`
    }
  }
  return undefined
}
