import { dirname, join } from 'node:path'
import { keyOfName } from '../../native-free/dn/keyOfName.ts'
import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import { Refusal } from '../../native-free/refusal.ts'
import { lscReadings, parseLsc } from '../../native-free/vomses/lsc.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { splitHostPort } from '../config/splitHostPort.ts'
import type { Config, VoConfig } from '../config/types.ts'
import type { CheckFinding } from './finding.ts'
import { FileProblem, readInputFile } from './readInputFile.ts'

const MAX_LSC_BYTES = 64 * 1024

/**
 * Whether the daemon itself recognises the ACs it issued, when a client comes back with one (the subset rule).
 * @param issuers certificates that could be read, by path
 */
export function checkVomsdir(config: Config, issuers: ReadonlyMap<string, Certificate>): CheckFinding[] {
  return config.vos.flatMap(vo => {
    const finding = checkLsc(vo, config.trust.vomsdir, issuers.get(vo.acCredential.certificate))
    return finding === undefined ? [] : [{ area: 'vomsdir', ...finding } satisfies CheckFinding]
  })
}

function checkLsc(
  vo: VoConfig,
  vomsdir: string,
  issuer: Certificate | undefined,
): Omit<CheckFinding, 'area'> | undefined {
  const place = join(vomsdir, vo.name, `${splitHostPort(vo.uri)!.host}.lsc`)
  const advice = `mkdir -p ${dirname(place)} && vouchd lsc --vo ${vo.name} > ${place}`
  try {
    const text = new TextDecoder().decode(readInputFile(place, MAX_LSC_BYTES))
    const chains = parseLsc(text)
    if (issuer === undefined || chains.some(chain => names(chain, issuer))) return undefined
    return {
      level: 'warning',
      place,
      what: `does not name the certificate that signs ACs of ${vo.name}`,
      advice,
    }
  } catch (cause) {
    if (cause instanceof FileProblem) {
      const what = `${cause.message}, so an AC of ${vo.name} that a client already carries restricts nothing`
      return { level: 'warning', place, what, advice }
    }
    if (!(cause instanceof Refusal)) throw cause
    return { level: 'error', place, what: `cannot be understood: ${cause.message}`, advice }
  }
}

function names(chain: readonly string[], issuer: Certificate): boolean {
  return lscReadings(chain).some(([first]) => {
    if (first === undefined) return false
    return (
      keyOfString(first.subject) === keyOfName(issuer.subject) &&
      keyOfString(first.issuer) === keyOfName(issuer.issuer)
    )
  })
}
