/** Text of a .signing_policy file: the CA, in one-line form, may sign these subjects (wildcards * and ?). */
export function signingPolicyText(ca: string, subjects: readonly string[]): string {
  const quoted = subjects.map(subject => `"${subject}"`).join(' ')
  return `access_id_CA   X509    '${ca}'\npos_rights     globus  CA:sign\ncond_subjects  globus  '${quoted}'\n`
}

/** Text of a .namespaces file: each issuer (SELF or a DN) permits or denies one subject pattern. */
export function namespacesText(
  rules: readonly { readonly issuer: string; readonly deny?: boolean; readonly subject: string }[],
): string {
  const lines = rules.map(({ issuer, deny, subject }) => {
    const who = issuer === 'SELF' ? 'SELF' : `"${issuer}"`
    return `TO Issuer ${who} \\\n  ${deny ? 'DENY' : 'PERMIT'} Subject "${subject}"\n`
  })
  return `#NAMESPACES-VERSION: 1.0\n${lines.join('')}`
}
