/** An FQAN's text without the parts that say NULL. Text that is no FQAN comes back as it is, minus those. */
export function shortForm(text: string): string {
  const bare = text.endsWith('/Capability=NULL') ? text.slice(0, -'/Capability=NULL'.length) : text
  return bare.endsWith('/Role=NULL') ? bare.slice(0, -'/Role=NULL'.length) : bare
}
