import { BlockList, isIP } from 'node:net'

/**
 * Whether an address may ask: all may without a list, the machine itself always; so may a Unix socket, which has no
 * address. Entries are addresses and networks as the configuration was checked for.
 */
export function allowList(allow: readonly string[] | undefined): (address: string | undefined) => boolean {
  if (allow === undefined) return () => true
  const list = new BlockList()
  for (const entry of [...allow, '127.0.0.0/8', '::1']) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return address => address === undefined || list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
