import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ChainRefusal, ReasonCode } from '../../native-free/proxy/types.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { sentenceFor } from '../../src/authenticate/reasonSentences.ts'
import { createCa } from '../pki/createCa.ts'

/** Every code, read from the type itself, so that a new one without a sentence fails here and not in a reply. */
const types = readFileSync(new URL('../../native-free/proxy/types.ts', import.meta.url), 'utf8')
const union = types.slice(types.indexOf('type ReasonCode'), types.indexOf('type ProxyKind'))
const codes = Array.from(union.matchAll(/\| '([A-Z_]+)'/g), ([, code]) => code as ReasonCode)

const certificate = parseCertificate(
  createCa({ subject: '/CN=inner name', from: '2026-01-02T03:04:05Z', until: '2027-11-12T13:14:15Z' }).der,
)
const refusal = (reason: ReasonCode, at = certificate): ChainRefusal => ({
  accepted: false,
  reason,
  detail: 'inner detail',
  certificate: at,
})

describe('sentences for refused chains', () => {
  it('knows the codes', () => {
    expect(codes.length).toBeGreaterThan(50)
  })

  it.each(codes)('has a plain one for %s', code => {
    for (const sentence of [
      sentenceFor(refusal(code)),
      sentenceFor({ ...refusal(code), certificate: undefined }),
    ]) {
      expect(sentence).toMatch(/^[a-z][ -~]{9,}[^.]$/)
      expect(sentence).not.toContain('undefined')
      expect(sentence).not.toContain('inner')
      expect(sentence).not.toMatch(/[A-Z]+_[A-Z]+/)
      // Clients stop for good at these.
      expect(sentence).not.toMatch(/User unknown to this VO|suspended|not active/)
    }
  })

  it.each<[ReasonCode, string]>([
    ['EEC_EXPIRED', 'it expired on 2027-11-12 13:14:15 UTC'],
    ['EEC_NOT_YET_VALID', 'it is not valid before 2026-01-02 03:04:05 UTC'],
    ['PROXY_EXPIRED', 'a proxy in the chain expired on 2027-11-12 13:14:15 UTC'],
    ['CA_EXPIRED', 'the certificate of its CA expired on 2027-11-12 13:14:15 UTC'],
  ])('says when, for %s', (code, sentence) => {
    expect(sentenceFor(refusal(code))).toBe(sentence)
  })
})
