import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { Refusal } from '../../native-free/refusal.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { readCertificateFile } from '../check/readCredential.ts'
import type { ListenAddress, RateLimits, VoConfig } from '../config/types.ts'
import { isoTime } from '../formatTime.ts'
import { lscEntry, vomsesEntry } from '../handouts.ts'
import { OUTCOMES, type Outcome } from './outcomes.ts'
import type { Snapshot } from './snapshot.ts'

/** One thing that has to be there for clients to be served. */
export interface PartState {
  readonly part: string
  readonly ready: boolean
  /** For people; undefined when there is nothing to say. */
  readonly why: string | undefined
}

/** One process of the daemon. */
export interface WorkerState {
  readonly worker: string
  readonly state: string
}

/** A certificate of a VO, for people. */
export interface CertificateState {
  readonly usage: string
  readonly subject: string
  readonly issuer: string
  /** Seconds since the epoch. */
  readonly notAfter: number
}

/** What is known of a VO from its configuration and its files. */
export interface VoFacts {
  readonly name: string
  readonly uri: string
  /** 0 is no limit. */
  readonly limits: RateLimits
  readonly certificates: readonly CertificateState[]
  /** File and line for users' machines; undefined when the certificate cannot be read. */
  readonly vomses: { readonly file: string; readonly line: string } | undefined
  readonly lsc: { readonly file: string; readonly content: string } | undefined
}

/** What a status is made of. */
export interface StatusFacts {
  readonly version: string
  /** Seconds since the epoch. */
  readonly now: number
  readonly startedAt: number
  readonly parts: readonly PartState[]
  readonly workers: readonly WorkerState[]
  readonly vos: readonly VoFacts[]
  readonly addresses: ReadonlyMap<string, readonly ListenAddress[]>
  /** Members by VO; undefined: the database does not tell now. */
  readonly members: ReadonlyMap<string, number> | undefined
  readonly snapshot: Snapshot
  /** What came in the last minute, by VO and outcome; undefined: not watched for so long. */
  readonly lastMinute: ReadonlyMap<string, Readonly<Record<Outcome, number>>> | undefined
}

/** The state of the daemon as /status.json gives it. Times are ISO 8601. */
export type Status = ReturnType<typeof buildStatus>

const DAY = 86_400

/** Everything about a daemon that its operators, users and sites ask for. */
export function buildStatus(facts: StatusFacts) {
  const { now, snapshot } = facts
  const value = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    sampleOf(snapshot, name, labels)
  const refreshed = valuesOf(snapshot, 'vouchd_membership_last_refresh_timestamp_seconds').filter(
    at => at > 0,
  )
  const crl = value('vouchd_crl_earliest_next_update_timestamp_seconds')
  return {
    ready: facts.parts.every(({ ready }) => ready),
    parts: facts.parts,
    version: facts.version,
    now: isoTime(now),
    startedAt: isoTime(facts.startedAt),
    workers: facts.workers,
    database: {
      answers: value('vouchd_db_up') === 1,
      /** When the process that is furthest behind last knew what the database knows. */
      lastContact: refreshed.length === 0 ? null : isoTime(Math.min(...refreshed)),
    },
    trust: {
      anchors: value('vouchd_trust_anchors') ?? 0,
      crls: Object.fromEntries(
        samplesOf(snapshot, 'vouchd_crls').map(({ labels, value }) => [String(labels['state']), value]),
      ),
      firstCrlExpires: crl === undefined ? null : isoTime(crl),
    },
    vos: facts.vos.map(vo => ({
      name: vo.name,
      uri: vo.uri,
      addresses: (facts.addresses.get(vo.name) ?? []).map(formatAddress),
      certificates: vo.certificates.map(certificate => ({
        usage: certificate.usage,
        subject: certificate.subject,
        issuer: certificate.issuer,
        notAfter: isoTime(certificate.notAfter),
        daysLeft: Math.floor((certificate.notAfter - now) / DAY),
      })),
      members: facts.members?.get(vo.name) ?? (facts.members === undefined ? null : 0),
      lastMinute: facts.lastMinute === undefined ? null : (facts.lastMinute.get(vo.name) ?? NO_REQUESTS),
      total: value('vouchd_attribute_certificates_issued_total', { vo: vo.name }) ?? 0,
      limits: vo.limits,
      vomses: vo.vomses ?? null,
      lsc: vo.lsc ?? null,
    })),
  }
}

const NO_REQUESTS = Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0])) as Record<Outcome, number>

/** Reads what a VO's files say of it now. What cannot be read is left out: `vouchd check` tells why. */
export function readVoFacts(vo: VoConfig): VoFacts {
  const host = vo.hostCredentials.map(({ certificate }) => readCertificates(certificate)[0])
  const inAcs = [
    ...readCertificates(vo.acCredential.certificate).slice(0, 1),
    ...(vo.acIntermediates === undefined ? [] : readCertificates(vo.acIntermediates)),
  ]
  const [first] = host
  return {
    name: vo.name,
    uri: vo.uri,
    limits: vo.rates,
    certificates: [
      ...host.flatMap(one => (one === undefined ? [] : [certificateState(tlsUsage(one), one)])),
      ...inAcs.slice(0, 1).map(one => certificateState('ac', one)),
    ],
    vomses: first && orNothing(() => vomsesEntry(vo, first)),
    lsc: inAcs.length === 0 ? undefined : orNothing(() => lscEntry(vo, inAcs)),
  }
}

/** The usage label of a server certificate: with two, they are told apart by their keys. */
export function tlsUsage({ key }: Certificate): string {
  return `tls_${key.kind}`
}

function certificateState(usage: string, certificate: Certificate): CertificateState {
  const { subject, issuer, notAfter } = certificate
  return { usage, subject: onelineF1(subject), issuer: onelineF1(issuer), notAfter }
}

function readCertificates(path: string): readonly Certificate[] {
  return readCertificateFile(path, () => {})
}

/** A name that no client could read back has no entry. */
function orNothing<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (cause) {
    if (cause instanceof Refusal) return undefined
    throw cause
  }
}

/** HOST:PORT, an IPv6 host in brackets. */
export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function samplesOf(snapshot: Snapshot, name: string) {
  return snapshot.find(family => family.name === name)?.values ?? []
}

function valuesOf(snapshot: Snapshot, name: string): readonly number[] {
  return samplesOf(snapshot, name).map(({ value }) => value)
}

function sampleOf(
  snapshot: Snapshot,
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  return samplesOf(snapshot, name).find(sample =>
    Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted),
  )?.value
}
