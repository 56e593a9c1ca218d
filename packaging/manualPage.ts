import { join } from 'node:path'
import type { Origin } from './origin.ts'
import { run } from './run.ts'

/** vouchd(8), of what the built command line says of itself. */
export function manualPage(home: string, { version, date }: Origin): string {
  const help = run(process.execPath, [join(home, 'src/main.js'), '--help'])
  const day = new Date(date * 1000).toISOString().slice(0, 10)
  return `.TH VOUCHD 8 ${day} "vouchd ${version}" "System administration"
.SH NAME
vouchd \\- daemon that issues VOMS attribute certificates
.SH DESCRIPTION
.nf
${help
  .trimEnd()
  .replaceAll('\\', '\\e')
  .replaceAll('-', '\\-')
  .replaceAll(/^([.'])/gm, '\\&$1')}
.fi
.SH FILES
.TP
.I /etc/vouchd/vouchd.toml
the configuration; the service starts once it is there
.TP
.I /var/lib/vouchd
the embedded database and the record of what was issued
.TP
.I /usr/share/doc/vouchd
documentation; operations.md is the page to begin with
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1),
.BR voms\\-proxy\\-init (1)
`
}
