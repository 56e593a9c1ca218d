/** A file name as it can be pasted into a shell. */
export function shellQuote(name: string): string {
  return /^[\w./~+:@%-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
}
