import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  loadTrustDirectory,
  NOTHING_LOADED,
  type TrustLoad,
} from '../../../src/authenticate/trust/loadTrustDirectory.ts'
import { createCa } from '../../pki/createCa.ts'
import { type CrlOptions, createCrl } from '../../pki/createCrl.ts'
import type { Credential } from '../../pki/issueCertificate.ts'
import { issueEec } from '../../pki/issueEec.ts'
import { signingPolicyText } from '../../pki/policyText.ts'
import { subjectHash } from '../../pki/subjectHash.ts'
import { writeTrustDirectory } from '../../pki/trustDirectory.ts'

export const YEAR = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
export const WEEK = { thisUpdate: '2026-06-01T00:00:00Z', nextUpdate: '2026-06-08T00:00:00Z' }
export const NOW = Date.UTC(2026, 5, 4) / 1000
export const SUBJECT = '/C=IT/O=G/CN=CA'

export const ca = createCa({ subject: SUBJECT, ...YEAR })
export const user = issueEec(ca, { subject: '/C=IT/O=G/CN=u', ...YEAR })
export const revoked = issueEec(ca, { subject: '/C=IT/O=G/CN=r', serial: 4711, ...YEAR })
export const policy = signingPolicyText(SUBJECT, ['/C=IT/O=G/*'])

export const newHash = (of: Pick<Credential, 'subject'> = ca) => subjectHash(of.subject, 'new')
export const oldHash = (of: Pick<Credential, 'subject'> = ca) => subjectHash(of.subject, 'old')

export function crlOf(options: Partial<CrlOptions> = {}, issuer: Credential = ca) {
  return createCrl(issuer, { ...WEEK, number: 7, revoked: [revoked], ...options })
}

/** A trust directory in a temporary folder, loaded again and again by one clock that a test sets. */
export class TrustFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'vouchd-trust-'))
  now = NOW
  last: TrustLoad = NOTHING_LOADED

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Writes in place, as a program does that truncates and writes again. */
  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content)
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true })
  }

  removeAllOf(pattern: RegExp): void {
    for (const name of readdirSync(this.folder)) if (pattern.test(name)) this.remove(name)
  }

  fill(...entries: Parameters<typeof writeTrustDirectory>[1]): this {
    writeTrustDirectory(this.folder, entries)
    return this
  }

  async load(): Promise<TrustLoad> {
    this.last = await loadTrustDirectory(this.folder, this.last, { clock: { now: () => this.now } })
    return this.last
  }

  async findings(): Promise<string[]> {
    const { findings } = await this.load()
    return [...new Set(findings.map(({ code }) => code))]
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A folder with the usual CA, its policy and a CRL that lists `revoked`. */
export function usualFolder(): TrustFolder {
  return new TrustFolder().fill({ ca, signingPolicy: policy, crls: [crlOf().pem] })
}
