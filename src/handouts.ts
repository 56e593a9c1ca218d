import { onelineF1 } from '../native-free/dn/oneline.ts'
import { formatLsc } from '../native-free/vomses/lsc.ts'
import { formatVomsesLine } from '../native-free/vomses/vomses.ts'
import type { Certificate } from '../native-free/x509/certificate.ts'
import { splitHostPort } from './config/splitHostPort.ts'
import type { VoConfig } from './config/types.ts'

/** What clients need to find a VO's server; `certificate` is the server's first one. */
export function vomsesEntry(vo: Pick<VoConfig, 'name' | 'uri'>, certificate: Certificate) {
  const { host, port } = splitHostPort(vo.uri)!
  const dn = onelineF1(certificate.subject)
  const line = formatVomsesLine({ nick: vo.name, host, port, dn, vo: vo.name, globusVersion: undefined })
  return { vo: vo.name, host, port, dn, file: `/etc/vomses/${vo.name}-${host}`, line: line.trimEnd() }
}

/** What services need to recognise a VO's ACs: a pair of names for each certificate in them, AC issuer first. */
export function lscEntry(vo: Pick<VoConfig, 'name' | 'uri'>, inAcs: readonly Certificate[]) {
  const names = inAcs.map(one => ({ subject: onelineF1(one.subject), issuer: onelineF1(one.issuer) }))
  return {
    vo: vo.name,
    file: `/etc/grid-security/vomsdir/${vo.name}/${splitHostPort(vo.uri)!.host}.lsc`,
    lines: names.flatMap(({ subject, issuer }) => [subject, issuer]),
    content: formatLsc(names),
  }
}
