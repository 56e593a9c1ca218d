/**
 * Grid tools spell long options with one dash (`-vo`, `-valid`), some with underscores (`--dont_verify_ac`): gives
 * them two dashes and hyphens. Single letters and negative numbers stay, and so does everything after `--`. A value
 * that begins so is written `--option=-value`.
 */
export function normaliseOptions(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args.map((arg, index) => {
    const [, name, value] = /^--?([A-Za-z][A-Za-z0-9_-]+)(=.*)?$/s.exec(arg) ?? []
    if (name === undefined || (end >= 0 && index >= end)) return arg
    return `--${name.replaceAll('_', '-')}${value ?? ''}`
  })
}
