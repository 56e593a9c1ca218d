/**
 * A text of Markdown with new blocks: each stands between `<!-- NAME -->` and `<!-- /NAME -->`. Throws where the text has
 * no place for one.
 */
export function fillBlocks(text: string, blocks: Readonly<Record<string, string>>): string {
  let filled = text
  for (const [name, block] of Object.entries(blocks)) {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [from, to] = [filled.indexOf(start), filled.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`there is no place for the block ${name}`)
    filled = `${filled.slice(0, from + start.length)}\n${block}\n${filled.slice(to)}`
  }
  return filled
}
