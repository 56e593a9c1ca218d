import { bytesToLatin1 } from '../bytes/latin1.ts'
import type { DerReader } from '../der/reader.ts'
import { contextTag } from '../der/tag.ts'
import { refuseAc } from './acCode.ts'

const URI = contextTag(6, false)

/**
 * VO://HOST:PORT. Verifiers look the LSC file up by VO and HOST, so neither may hold what a path treats
 * specially: the VO is an FQAN name that is not dots alone, the host a DNS name, an IPv4 or bracketed IPv6 address.
 */
const POLICY_AUTHORITY =
  /^(?!\.+:)([0-9A-Za-z_.-]+):\/\/((?!\.+:)[0-9A-Za-z_.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})$/

/** The VO and HOST:PORT of GeneralNames content that must be one such URI. Refuses with AC_POLICY_AUTHORITY. */
export function decodePolicyAuthority(names: DerReader): { vo: string; uri: string } {
  const text = bytesToLatin1(names.next(URI))
  names.finish()
  const [, vo, host, port] = POLICY_AUTHORITY.exec(text) ?? []
  if (vo === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw refuseAc('AC_POLICY_AUTHORITY', 'policyAuthority is not VO://HOST:PORT')
  }
  return { vo, uri: `${host}:${port}` }
}
