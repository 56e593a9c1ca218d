const IPV4_MAPPED = '::ffff:'
/** Of an IPv6 address's eight groups, the network that a host has all addresses of. */
const NETWORK_GROUPS = 4

/** A host as limits count it: its IPv4 address, or the /64 of its IPv6 one, within which it has any it likes. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  if (address.startsWith(IPV4_MAPPED) && address.includes('.')) return address.slice(IPV4_MAPPED.length)
  const [head = '', tail] = address.split('%', 1)[0]!.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, NETWORK_GROUPS).join(':')
}
