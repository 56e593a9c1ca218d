import { onelineF1 } from '../../../native-free/dn/oneline.ts'
import { lscReadings, parseLsc } from '../../../native-free/vomses/lsc.ts'
import { parseVomses } from '../../../native-free/vomses/vomses.ts'
import { parseCrl } from '../../../native-free/x509/parseCrl.ts'
import { formatTimeLeft, isoTime } from '../../formatTime.ts'
import { formatFields } from '../printAc.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import { type Inspection, ownVerdict } from './inspection.ts'
import { readIndependently } from './readIndependently.ts'

/** An LSC file: the chains that it accepts. Throws Refusal for one that cannot be read. */
export function inspectLsc(text: string): Inspection {
  const chains = parseLsc(text)
  const lines = chains.flatMap((chain, index) => [
    `chain ${index + 1}`,
    ...(lscReadings(chain)[0] ?? []).flatMap(({ subject, issuer }) => [
      `  subject : ${printable(subject)}`,
      `  issuer  : ${printable(issuer)}`,
    ]),
  ])
  return {
    kind: 'lsc',
    verdicts: [],
    text: lines.map(line => `${line}\n`).join(''),
    json: { chains: chains.map(chain => lscReadings(chain)[0]) },
  }
}

/** A vomses file: a row for each server; bad lines are verdicts. */
export function inspectVomses(text: string): Inspection {
  const { entries, refusals } = parseVomses(text)
  const rows = entries.map(({ nick, vo, host, port, dn }) => [nick, vo, host, String(port), dn])
  return {
    kind: 'vomses',
    verdicts: refusals.map(({ message }) => ownVerdict('line', false, message)),
    text: rows.length === 0 ? '' : formatTable([['NICK', 'VO', 'HOST', 'PORT', 'SERVER'], ...rows]),
    json: { entries },
  }
}

/** A CRL: whose, from when to when, how many entries. Throws Refusal for one that cannot be read. */
export async function inspectCrl(der: Uint8Array, now: number): Promise<Inspection> {
  const crl = parseCrl(der)
  const theirs = await readIndependently('crl', der, undefined)
  const { thisUpdate, nextUpdate, unsupported, entryCount, number } = crl
  const end = nextUpdate === undefined ? 'none' : isoTime(nextUpdate)
  const current = thisUpdate <= now && (nextUpdate === undefined || now < nextUpdate)
  const agree = theirs.problem === undefined && theirs.facts['entries'] === String(entryCount)
  return {
    kind: 'crl',
    verdicts: [
      {
        check: 'structure',
        vouchd: 'good',
        pkijs: agree ? 'good' : 'bad',
        remark: agree ? '' : `pkijs: ${theirs.problem ?? `${theirs.facts['entries']} entries`}`,
      },
      ownVerdict('dates', current, current ? '' : now < thisUpdate ? 'not valid yet' : `expired at ${end}`),
      ownVerdict('usable', unsupported === undefined, unsupported ?? ''),
    ],
    text: formatFields([
      ['issuer', onelineF1(crl.issuer)],
      ['this', isoTime(thisUpdate)],
      ['next', end],
      ['timeleft', nextUpdate === undefined ? 'no end' : formatTimeLeft(nextUpdate - now)],
      ['number', number === undefined ? 'none' : String(number)],
      ['entries', String(entryCount)],
    ]),
    json: {
      issuer: onelineF1(crl.issuer),
      thisUpdate: isoTime(thisUpdate),
      nextUpdate: nextUpdate === undefined ? null : end,
      number: number === undefined ? null : String(number),
      entries: entryCount,
    },
  }
}
