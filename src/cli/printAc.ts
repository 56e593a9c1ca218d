import type { AttributeCertificate } from '../../native-free/ac/types.ts'
import { toHex } from '../../native-free/bytes/hex.ts'
import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import { formatTimeLeft, isoTime } from '../formatTime.ts'
import { printable } from './printable.ts'

/** Lines `label     : value`, the labels as wide as proxy tools have them, the values made printable. */
export function formatFields(fields: readonly (readonly [label: string, value: string])[]): string {
  return fields.map(([label, value]) => `${label.padEnd(10)}: ${printable(value)}\n`).join('')
}

/**
 * An AC the way `voms-proxy-info -all` shows it.
 * @param now seconds since the epoch, for the time that is left
 */
export function formatAcForPeople(ac: AttributeCertificate, now: number): string {
  const title = `=== VO ${printable(ac.vo)} extension information ===\n`
  return (
    title +
    formatFields([
      ['VO', ac.vo],
      ['subject', onelineF1(parseName(ac.holderName))],
      ['issuer', onelineF1(parseName(ac.issuerName))],
      ...ac.fqans.map(fqan => ['attribute', fqan] as const),
      ...ac.attributes.map(
        ({ name, value, qualifier }) => ['attribute', `${name} = ${value} (${qualifier})`] as const,
      ),
      ...ac.targets.map(target => ['target', target] as const),
      ['timeleft', formatTimeLeft(ac.notAfter - now)],
      ['uri', ac.uri],
    ])
  )
}

/** Names and times of an AC as plain values, for programs. */
export function acToJson(ac: AttributeCertificate) {
  return {
    vo: ac.vo,
    uri: ac.uri,
    holder: onelineF1(parseName(ac.holderName)),
    holderSerial: toHex(ac.holderSerial),
    issuer: onelineF1(parseName(ac.issuerName)),
    serial: toHex(ac.serial),
    notBefore: isoTime(ac.notBefore),
    notAfter: isoTime(ac.notAfter),
    fqans: ac.fqans,
    attributes: ac.attributes,
    targets: ac.targets,
    signatureAlgorithm: ac.signatureAlgorithm.oid,
    certificates: ac.certificates.map(der => onelineF1(parseCertificate(der).subject)),
    extensions: ac.extensions.map(({ oid, critical }) => ({ oid, critical })),
  }
}
