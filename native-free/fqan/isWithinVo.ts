/** Whether an FQAN or group path is the VO's own group or lies below it. Clients refuse ACs with any other. */
export function isWithinVo(fqan: string, vo: string): boolean {
  const root = `/${vo}`
  return vo !== '' && (fqan === root || fqan.startsWith(`${root}/`))
}
