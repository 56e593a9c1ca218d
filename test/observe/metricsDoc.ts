import { FAMILIES, type FamilySpec } from '../../src/observe/families.ts'

/** The table of docs/metrics.md. */
export function renderFamilies(): string {
  const lines = ['| Family | Type | Labels | Meaning |', '|---|---|---|---|']
  for (const [name, spec] of Object.entries<FamilySpec>(FAMILIES)) {
    const labels = spec.labels.map(label => `\`${label}\``).join(', ')
    const buckets = spec.buckets === undefined ? '' : ` Buckets: ${spec.buckets.join(' ')}.`
    lines.push(`| \`${name}\` | ${spec.type} | ${labels} | ${spec.help}${buckets} |`)
  }
  return `${lines.join('\n')}\n`
}
