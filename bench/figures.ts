import type { Versus } from './load/versus.ts'

/** A figure that the project means to reach, and how it is measured. */
export interface Figure {
  readonly what: string
  /** The benchmark whose result holds it. */
  readonly from: string
  readonly unit?: string
  /** After the point, of its bounds. */
  readonly digits?: number
  readonly atMost?: number
  readonly atLeast?: number
  /** Better than what has to be reached. */
  readonly aim?: number
  of(result: Measured): number | undefined
}

/** A benchmark's JSON, whatever its shape; `of` gives undefined where it lacks the figure. */
export type Measured = Readonly<Record<string, unknown>>

interface Rows {
  readonly rows?: readonly Measured[]
}

const number = (value: unknown) => (typeof value === 'number' ? value : undefined)
const field = (name: string) => (result: Measured) => number(result[name])

function goodputAt(result: Measured, factor: number): number | undefined {
  return number((result['goodputOverPeak'] as Measured | undefined)?.[factor])
}

function longestP99(result: Measured): number | undefined {
  const steps = result['steps'] as readonly { milliseconds: { p99: number } }[] | undefined
  return steps && Math.max(...steps.map(({ milliseconds }) => milliseconds.p99))
}

/** The worst of all rows. */
function overRows(
  result: Measured,
  name: string,
  worst: (...values: number[]) => number,
): number | undefined {
  const { rows } = result as Rows
  return rows && worst(...rows.map(row => row[name] as number))
}

/** In the order of the table that `npm run bench` prints. */
export const FIGURES: readonly Figure[] = [
  {
    what: 'processor time per AC over the floor (bare connection and one raw signature): RSA-2048, proxy chain, 16 connections; audit, log and metrics on',
    from: 'issue',
    atMost: 1.35,
    aim: 1.2,
    of: result => number((result as Rows).rows?.[0]?.['ratio']),
  },
  {
    what: 'dual host certificates (ECDSA handshake, RSA AC) over RSA only: processor time per AC',
    from: 'dual',
    atMost: 0.85,
    of: field('processorTimeRatio'),
  },
  {
    what: 'kept connections: raw RSA-2048 signature over processor time per AC',
    from: 'keepalive',
    atLeast: 0.65,
    of: field('signatureOverAc'),
  },
  {
    what: 'encode, lint, assemble, base64 and XML of a typical AC (6 FQANs, 2 attributes), without its signature',
    from: 'hotpath',
    unit: 'µs',
    atMost: 60,
    of: result => number((result as Rows).rows?.find(({ step }) => step === WHOLE_ENCODING)?.['median µs']),
  },
  {
    what: 'two workers over one: processor time per AC',
    from: 'workers',
    atMost: 1.1,
    of: field('processorTimeRatio'),
  },
  {
    what: 'two workers: share of connections of the lesser one at saturation',
    from: 'workers',
    atLeast: 0.4,
    of: field('lesserShare'),
  },
  {
    what: 'with the audit over without it: throughput at 16 connections',
    from: 'audit',
    atLeast: 0.9,
    of: result => number((result as Partial<Versus>).throughputRatio),
  },
  {
    what: '1 000 000 members over 1 000: median processor time per AC, cold look-ups included',
    from: 'scale',
    atMost: 1.25,
    of: field('overSmallest'),
  },
  {
    what: 'memory (RSS) of all server processes, 1 000 000 members in PostgreSQL, after 200 000 ACs',
    from: 'scale',
    unit: 'MB',
    atMost: 600,
    of: field('residentMegabytes'),
  },
  {
    what: 'overload: goodput at 4 times the capacity over the peak',
    from: 'overload',
    atLeast: 0.9,
    of: result => goodputAt(result, 4),
  },
  {
    what: 'overload: goodput at 10 times the capacity over the peak (RSA-4096)',
    from: 'overloadTenfold',
    atLeast: 0.75,
    of: result => goodputAt(result, 10),
  },
  {
    what: 'overload: p99 of what is served, up to 4 times the capacity',
    from: 'overload',
    unit: 'ms',
    atMost: 1000,
    of: longestP99,
  },
  {
    what: 'overload: p99 of what is served, up to 10 times the capacity (RSA-4096)',
    from: 'overloadTenfold',
    unit: 'ms',
    atMost: 1000,
    of: longestP99,
  },
  {
    what: 'overload: time until all is as before',
    from: 'overload',
    unit: 's',
    atMost: 5,
    of: field('secondsToBaseLine'),
  },
  {
    what: 'overload: processor time of a connection that is refused',
    from: 'overload',
    unit: 'µs',
    atMost: 30,
    of: field('refusalMicroseconds'),
  },
  {
    what: 'slow clients, 10 000 in each stage: share of honest clients that are served',
    from: 'slowClients',
    atLeast: 0.999,
    digits: 3,
    of: result => overRows(result, 'share', Math.min),
  },
  {
    what: 'slow clients: p99 of honest ones',
    from: 'slowClients',
    unit: 'ms',
    atMost: 1000,
    of: result => overRows(result, 'p99', Math.max),
  },
  {
    what: 'slow clients: memory (RSS) of a worker',
    from: 'slowClients',
    unit: 'MB',
    atMost: 400,
    of: result => overRows(result, 'residentMegabytes', Math.max),
  },
  {
    what: 'slow clients: times that the event loop is held up for more than 250 ms when all are reset at once',
    from: 'slowClients',
    atMost: 0,
    digits: 0,
    of: result => overRows(result, 'stallsOnReset', Math.max),
  },
  {
    what: 'slow clients: time until their places are free',
    from: 'slowClients',
    unit: 's',
    atMost: 10,
    of: result => overRows(result, 'slotsBackSeconds', Math.max),
  },
]

/** The row of bench/micro/encodeTbs.ts that is a figure to reach. */
export const WHOLE_ENCODING = 'encode + lint + assemble + base64 + XML'

export function isReached({ atMost, atLeast }: Figure, value: number): boolean {
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY)
}

/** As it stands in the table: "<= 1.35, aim 1.20". */
export function goalOf({ atMost, atLeast, aim, unit, digits = unit === undefined ? 2 : 0 }: Figure): string {
  const bound = atMost === undefined ? `>= ${atLeast?.toFixed(digits)}` : `<= ${atMost.toFixed(digits)}`
  return [bound, unit ?? ''].join(' ').trim() + (aim === undefined ? '' : `, aim ${aim.toFixed(digits)}`)
}
