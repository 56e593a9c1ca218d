/** Commands that read the configuration, as advice names them. */
const COMMAND = /\bvouchd (?=(?:check|import|lsc|migrate|reload|status|vo add)\b)/g
const PLAIN = /^[\w@%+=:,./-]+$/

/**
 * Has the commands in an advice read the same configuration as the command that gives it, so that they can be copied.
 * @param options of that command line: file of --config where it was given, paths of --voms-conf
 */
export function namingConfig(
  advice: string,
  { config, vomsConf }: { readonly config: string | undefined; readonly vomsConf: readonly string[] },
): string {
  const options = [
    ...(config === undefined ? [] : ['--config', config]),
    ...vomsConf.flatMap(path => ['--voms-conf', path]),
  ]
  if (options.length === 0) return advice
  const words = options.map(quoted).join(' ')
  return advice.replace(COMMAND, () => `vouchd ${words} `)
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
