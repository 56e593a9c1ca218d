import { Command } from 'commander'
import { Refusal } from '../../native-free/refusal.ts'
import { MAX_CRL_BYTES } from '../../native-free/x509/parseCrl.ts'
import { createVomsdir } from '../authenticate/trust/createVomsdir.ts'
import { FileProblem, readInputFile } from '../check/readInputFile.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'
import { type InspectOptions, inspectFile } from './inspect/inspectFile.ts'
import { formatVerdicts, isGood } from './inspect/inspection.ts'
import { createJudgePath } from './inspect/judgePath.ts'
import { printable } from './printable.ts'

/** The largest CRL as PEM. */
const MAX_BYTES = MAX_CRL_BYTES * 1.5

const HELP = `
Takes a proxy file, a certificate or chain, an AC (PEM, DER or base64), the answer of a server (REST or legacy, with or
without its HTTP header), a CRL, an LSC or a vomses file, and tells by its content which it is. Signatures, dates and
names are judged by vouchd and, beside it, by an independent reader (pkijs); "-" stands for what one of them does not
judge. Needs no configuration.

Exits with 0 when nothing is judged bad, 1 when something is or the file is nothing known.

Examples:
  vouchd inspect /tmp/x509up_u1000
  curl -s --cert usercert.pem --key userkey.pem https://voms.example.org:15000/generate-ac | tee answer.xml
  vouchd inspect answer.xml
  vouchd inspect --json /etc/grid-security/hostcert.pem | jq '.certificates[].notAfter'`

/** `vouchd inspect FILE`: what stands in a file, for people and programs. */
export function inspectCommand(context: CliContext): Command {
  return new Command('inspect')
    .description('show and judge a proxy, an AC, certificates, a CRL, an answer, an LSC or vomses file')
    .argument('<file>', 'the file')
    .option('--vomsdir <folder>', 'LSC files to judge ACs by', '/etc/grid-security/vomsdir')
    .option('--certdir <folder>', 'CAs to judge certificates by', '/etc/grid-security/certificates')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      context.action(async (file: string, options: { vomsdir: string; certdir: string; json?: true }) => {
        const { io } = context
        const inspection = await inspectOrExplain(file, {
          path: file,
          vomsdir: createVomsdir(options.vomsdir, (path, what) =>
            io.err(`${printable(`${path} ${what}`)}\n`),
          ),
          judgePath: await createJudgePath(options.certdir, io.clock),
          now: io.clock.now(),
        })
        const { kind, verdicts, text, json } = inspection
        const ok = isGood(inspection)
        if (options.json) io.out(`${JSON.stringify({ file, kind, ok, ...json, verdicts }, undefined, 2)}\n`)
        else io.out([text, formatVerdicts(verdicts)].filter(part => part !== '').join('\n'))
        return ok ? EXIT.ok : EXIT.refused
      }),
    )
}

async function inspectOrExplain(file: string, options: InspectOptions) {
  try {
    return await inspectFile(readInputFile(file, MAX_BYTES), options)
  } catch (cause) {
    if (cause instanceof FileProblem) {
      throw new CliError(EXIT.refused, `${file} ${cause.message}; ${cause.advice}`)
    }
    if (cause instanceof Refusal) {
      throw new CliError(EXIT.refused, `${file} cannot be understood: ${cause.message} (${cause.code})`)
    }
    throw cause
  }
}
