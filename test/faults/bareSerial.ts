/** An INTEGER has no leading zeros but before a first bit that is set; log and records have all octets. */
export function bareSerial(serial: unknown): string {
  return String(serial).replace(/^0+/, '')
}
