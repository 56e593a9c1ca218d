import { closeSync, createReadStream, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import {
  inBatches,
  listCertificates,
  lookUpListed,
  pairUp,
  resolveAll,
  type ShadowOptions,
} from '../../adopt/compare/shadow.ts'
import { type ExportHead, type ExportLine, readExport } from '../../adopt/compare/shadowLine.ts'
import type { Views } from '../../resolve/fetchHolder.ts'
import type { Lookup, ResolutionMode } from '../../resolve/types.ts'
import type { Queryable } from '../../store/database.ts'
import type { DifferenceReport } from './differenceReport.ts'

export interface CompareShadowOptions {
  readonly db: Queryable
  readonly views: Views
  readonly shadow: ShadowOptions
  /** undefined: the VO's own rules. */
  readonly mode: ResolutionMode | undefined
  readonly otherMode: ResolutionMode | undefined
  readonly exportFile: string | undefined
  readonly againstFile: string | undefined
  /** Called now and then. */
  onProgress(done: number, all: number): void
}

const PROGRESS_EVERY = 10_000

/** Certificates that are asked for at once: enough to make the questions' own cost small, and few rows in memory. */
const BATCH = 250

/** Resolves every certificate of the VO and lays it beside other rules and an export, as far as asked for. */
export async function compareShadow(options: CompareShadowOptions, report: DifferenceReport): Promise<void> {
  const { db, views, shadow, exportFile } = options
  const certificates = await listCertificates(db, views.holdingsView, shadow.vo)
  const lines = linesOf(options)
  const write = exportFile === undefined ? undefined : openExport(exportFile, options)
  let done = 0
  try {
    for await (const batch of inBatches(pairUp(certificates, lines), BATCH)) {
      // Also for who is gone from the directory, since another certificate row may know him.
      const listed = batch.map(({ ours, theirs }) => ours ?? theirs!)
      const lookups = await lookUpListed(listed, db, views, shadow)
      for (const [index, { ours, theirs }] of batch.entries()) {
        if (ours !== undefined) {
          const outcomes = resolveAll(lookups[index], options.mode, shadow)
          write?.line({ ...ours, outcomes })
          compareModes(ours, outcomes, lookups[index], options, report)
        }
        if (options.againstFile !== undefined) {
          compareExport(listed[index]!, ours, theirs, lookups[index], options, report)
        }
        report.certificates += 1
        done += 1
        if (done % PROGRESS_EVERY === 0) options.onProgress(done, certificates.length)
      }
    }
    write?.keep()
  } finally {
    write?.close()
  }
}

type Listed = { readonly subject: string; readonly issuer: string }
type FoundLookup = Lookup | undefined

function compareModes(
  { subject, issuer }: Listed,
  outcomes: ExportLine['outcomes'],
  lookup: FoundLookup,
  { otherMode, shadow }: CompareShadowOptions,
  report: DifferenceReport,
): void {
  if (otherMode === undefined) return
  const others = resolveAll(lookup, otherMode, shadow)
  for (const [request, outcome] of Object.entries(outcomes)) {
    report.compare({ subject, issuer, request }, outcome, others[request]!)
  }
}

function compareExport(
  { subject, issuer }: Listed,
  ours: Listed | undefined,
  theirs: ExportLine | undefined,
  lookup: FoundLookup,
  { mode, shadow }: CompareShadowOptions,
  report: DifferenceReport,
): void {
  if (ours === undefined || theirs === undefined) {
    const [known, unknown] = ['knows the certificate', 'does not']
    report.add({
      ...{ subject, issuer, request: '', class: 'certificate' },
      ours: ours === undefined ? unknown : known,
      theirs: theirs === undefined ? unknown : known,
    })
    return
  }
  const queries = Object.keys(theirs.outcomes)
  const now = resolveAll(lookup, mode, shadow, queries)
  for (const request of queries) {
    report.compare({ subject, issuer, request }, now[request]!, theirs.outcomes[request]!)
  }
}

function linesOf({ againstFile, shadow }: CompareShadowOptions): AsyncIterator<ExportLine> {
  if (againstFile === undefined) return noLines()
  const input = createReadStream(againstFile, 'utf8')
  return readExport(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), shadow.vo)
}

async function* noLines(): AsyncGenerator<ExportLine> {}

/** An export holds names of people: it is for its owner alone. It takes its name when it is whole. */
function openExport(file: string, { shadow, mode }: CompareShadowOptions) {
  const unfinished = `${file}.unfinished`
  rmSync(unfinished, { force: true })
  const descriptor = openSync(unfinished, 'wx', 0o600)
  const head: ExportHead = { format: 'vouchd-compare', version: 1, vo: shadow.vo, mode: mode ?? 'own' }
  const write = (value: ExportHead | ExportLine) => writeSync(descriptor, `${JSON.stringify(value)}\n`)
  write(head)
  return {
    line: write,
    keep: () => renameSync(unfinished, file),
    close() {
      closeSync(descriptor)
      rmSync(unfinished, { force: true })
    },
  }
}
