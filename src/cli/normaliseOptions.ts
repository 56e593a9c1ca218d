/**
 * Grid tools spell long options with one dash (`-vo`, `-valid`): gives them their second one. Single letters and
 * negative numbers stay, and so does everything after `--`. A value that begins so is written `--option=-value`.
 */
export function normaliseOptions(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args.map((arg, index) => {
    const isOption = (end < 0 || index < end) && /^-[A-Za-z][A-Za-z0-9-]+(=|$)/.test(arg)
    return isOption ? `-${arg}` : arg
  })
}
