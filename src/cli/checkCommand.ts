import { Command } from 'commander'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { checkAudit } from '../check/checkAudit.ts'
import { checkControlSocket } from '../check/checkControlSocket.ts'
import { checkCredentials } from '../check/checkCredentials.ts'
import { checkDatabase } from '../check/checkDatabase.ts'
import { checkPorts } from '../check/checkPorts.ts'
import { checkServerChains } from '../check/checkServerChains.ts'
import { checkSources } from '../check/checkSources.ts'
import { checkTrust } from '../check/checkTrust.ts'
import { checkVomsdir } from '../check/checkVomsdir.ts'
import type { CheckFinding } from '../check/finding.ts'
import type { LoadedConfig } from '../config/loadConfig.ts'
import type { IgnoredOption } from '../config/readVomsConf.ts'
import type { Config } from '../config/types.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'
import { type AreaReport, formatReport } from './formatReport.ts'

const HELP = `
Looks at everything that \`vouchd serve\` needs, by the same code, and reports every fault at once with what to do:
the configuration, keys and certificates, the trust directory, LSC files, the database, the record of what is issued,
the ports. Changes nothing. Run it as the user of the service.

Exits with 0 when there is no error (warnings do not count), 1 when there is, 3 when the configuration is faulty (then
nothing else can be looked at).

Examples:
  vouchd check
  vouchd check --json | jq '.areas[].findings[]'`

/** `vouchd check`: every fault of a set-up at once. */
export function checkCommand(context: CliContext): Command {
  return new Command('check')
    .description(
      'find every fault of a set-up: configuration, keys, certificates, trust directory, database, ports',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      context.action(async (options: { json?: true }) => {
        const loaded = context.loadConfig()
        const areas = (await checkAll(loaded, context)).map(report => advised(report, context))
        const ok = areas.every(({ findings }) => findings.every(({ level }) => level !== 'error'))
        if (options.json) context.io.out(`${JSON.stringify({ ok, areas }, undefined, 2)}\n`)
        else context.io.out(formatReport(areas))
        return ok ? EXIT.ok : EXIT.refused
      }),
    )
}

async function checkAll({ config, ignored }: LoadedConfig, context: CliContext): Promise<AreaReport[]> {
  const { clock } = context.io
  const uid = process.getuid?.() ?? 0
  const credentials = checkCredentials(config, uid, clock.now())
  const { findings: trustFindings, load } = await checkTrust(config, clock)
  const chains = checkServerChains(credentials.certificates, load.snapshot, config.authentication, clock)
  const issuers = new Map<string, Certificate>(
    credentials.certificates.map(({ place, certificate }) => [place, certificate]),
  )
  return [
    {
      area: 'configuration',
      scope: `${context.configName()}, ${plural(config.vos.length, 'VO')}`,
      findings: [...ignored.map(ignoredFinding), ...checkControlSocket(config)],
    },
    {
      area: 'credentials',
      scope: plural(credentials.certificates.length, 'certificate'),
      findings: [...credentials.findings, ...chains],
    },
    {
      area: 'trust',
      scope: `${config.trust.directory}, ${plural(load.snapshot.cas.length, 'CA')}, ${plural(load.crls.length, 'CRL')}`,
      findings: trustFindings,
    },
    { area: 'vomsdir', scope: config.trust.vomsdir, findings: checkVomsdir(config, issuers) },
    {
      area: 'database',
      scope: databaseName(config),
      findings: [...(await checkDatabase(config)), ...(await checkSources(config))],
    },
    { area: 'audit', scope: config.audit.folder, findings: await checkAudit(config, uid, clock) },
    {
      area: 'ports',
      scope: plural(config.vos.flatMap(vo => vo.listen).length, 'address', 'addresses'),
      findings: await checkPorts(config),
    },
  ]
}

function advised(report: AreaReport, { advise }: CliContext): AreaReport {
  const findings = report.findings.map(finding => ({ ...finding, advice: advise(finding.advice) }))
  return { ...report, findings }
}

function ignoredFinding({ file, line, option, why }: IgnoredOption): CheckFinding {
  const place = `${file} line ${line}`
  return {
    area: 'configuration',
    level: 'note',
    place,
    what: `${option} is ignored`,
    advice: `nothing: ${why}`,
  }
}

function databaseName({ store }: Config): string {
  return store.kind === 'embedded'
    ? `embedded, ${store.folder}`
    : `${store.database} at ${store.host}:${store.port}`
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
