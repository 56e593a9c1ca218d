import { describe } from 'vitest'
import { createCa } from '../pki/createCa.ts'
import { basicConstraints, extension, keyUsage, nameConstraints, subjectAltName } from '../pki/extensions.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { namespacesText, signingPolicyText } from '../pki/policyText.ts'
import type { TrustEntry } from '../pki/trustDirectory.ts'
import { CA, CA_DN, type ChainRow, eec, NOW, proxies, ROOT, testChains, U, YEAR } from './chainWorld.ts'

type Trust = readonly (TrustEntry & { ca: Credential })[]
const SUB_DN = '/C=IT/O=G/CN=Sub'
const subPolicy = signingPolicyText(SUB_DN, ['/C=IT/O=G/*'])
const ALLOW_SENT = { allowSentIntermediates: true }

/** An intermediate of CA with an EEC of it, both installed as the row says. */
function subWorld(
  options: Partial<Parameters<typeof createCa>[0]> = {},
  user: Parameters<typeof eec>[1] = {},
) {
  const sub = createCa({ subject: SUB_DN, issuer: CA, ...YEAR, ...options })
  const one = eec('u', user, sub)
  const trust: Trust = [ROOT, { ca: sub, signingPolicy: subPolicy }]
  return { sub, one, trust, row: { sent: [one] as Credential[], as: one, trust } }
}
const plain = subWorld()
const bothPolicies = `${ROOT.signingPolicy}\n${subPolicy}`

describe('intermediates', () => {
  testChains([
    { name: '70: installed, not sent', ...plain.row, expect: 'ACCEPT' },
    {
      name: '70: with a proxy and everything sent',
      ...plain.row,
      sent: [...proxies(plain.one, {}), CA, plain.sub],
      expect: 'ACCEPT',
    },
    {
      name: '71: sent only',
      ...plain.row,
      sent: [plain.one, plain.sub],
      trust: [ROOT],
      expect: 'INTERMEDIATE_NOT_INSTALLED',
    },
    { name: '71: neither sent nor installed', ...plain.row, trust: [ROOT], expect: 'UNKNOWN_CA' },
    {
      name: '71: sent, allowed, without a policy',
      ...plain.row,
      sent: [plain.one, plain.sub],
      trust: [ROOT],
      policy: ALLOW_SENT,
      expect: 'NAMESPACE_MISSING',
    },
    {
      name: "71: sent, allowed, policy in the root's file",
      ...plain.row,
      sent: [plain.one, plain.sub],
      trust: [{ ...ROOT, signingPolicy: bothPolicies }],
      policy: ALLOW_SENT,
      expect: 'ACCEPT',
    },
    { name: '72: installed without its root', ...plain.row, trust: [plain.trust[1]!], expect: 'UNKNOWN_CA' },
    {
      name: '72: the same, partial chains allowed',
      ...plain.row,
      trust: [plain.trust[1]!],
      policy: { partialChain: true },
      expect: 'ACCEPT',
    },
    {
      name: '72: partial chains allowed, but complete',
      ...plain.row,
      policy: { partialChain: true },
      expect: 'ACCEPT',
    },
    {
      name: '73: cA=FALSE',
      ...subWorld({ extensions: [basicConstraints(false)] }).row,
      expect: 'UNKNOWN_CA',
      onlyInDirectory: true,
    },
    {
      name: '73: no basicConstraints',
      ...subWorld({ extensions: [keyUsage(['keyCertSign'])] }).row,
      expect: 'UNKNOWN_CA',
      onlyInDirectory: true,
    },
    {
      name: '74: without keyCertSign',
      ...subWorld({ extensions: [basicConstraints(true), keyUsage(['cRLSign'])] }).row,
      expect: 'CA_KEY_USAGE',
    },
    {
      name: '74: without any keyUsage',
      ...subWorld({ extensions: [basicConstraints(true)] }).row,
      expect: 'ACCEPT',
    },
    { name: '75: expired', ...subWorld({ until: NOW - 1 }).row, expect: 'CA_EXPIRED' },
    { name: '75: not yet valid', ...subWorld({ from: NOW + 1 }).row, expect: 'CA_NOT_YET_VALID' },
    {
      name: '1.7: unknown critical extension',
      ...subWorld({ extensions: [basicConstraints(true), extension('1.2.3', true, new Uint8Array())] }).row,
      expect: 'CRITICAL_EXTENSION',
    },
    {
      name: '1.7: critical policy extensions',
      ...subWorld({
        extensions: [basicConstraints(true), extension('2.5.29.54', true, new Uint8Array([2, 1, 0]))],
      }).row,
      expect: 'ACCEPT',
    },
  ])
})

const expiredRoot = createCa({ subject: CA_DN, key: CA.key, from: '2025-01-01T00:00:00Z', until: NOW - 1 })
const newRoot = createCa({ subject: CA_DN, ...YEAR })
const ofNewRoot = eec('u', {}, newRoot)
const oldStyleRoot = createCa({ subject: CA_DN, key: CA.key, extensions: [], version: 1, ...YEAR })
const policy = ROOT.signingPolicy!

describe('roots', () => {
  testChains([
    {
      name: '75: expired',
      sent: [U],
      trust: [{ ca: expiredRoot, signingPolicy: policy }],
      expect: 'CA_EXPIRED',
    },
    {
      name: '78: same DN, new key: EEC of the old one',
      sent: [U],
      trust: [ROOT, { ca: newRoot }],
      expect: 'ACCEPT',
    },
    {
      name: '78: same DN, new key: EEC of the new one',
      sent: [ofNewRoot],
      as: ofNewRoot,
      trust: [ROOT, { ca: newRoot, signingPolicy: policy }],
      expect: 'ACCEPT',
    },
    {
      name: '79: renewed with the same key, the expired one first',
      sent: [U],
      trust: [{ ca: expiredRoot, signingPolicy: policy }, ROOT],
      expect: 'ACCEPT',
    },
    {
      name: '1.7: version 1 without any extension',
      sent: [U],
      trust: [{ ca: oldStyleRoot, signingPolicy: policy }],
      expect: 'ACCEPT',
    },
  ])
})

function chainOfCas(
  ...pathLengths: readonly (number | undefined)[]
): Pick<ChainRow, 'sent' | 'as' | 'trust'> {
  const trust: (TrustEntry & { ca: Credential })[] = []
  let issuer: Credential | undefined
  for (const [level, pathLength] of pathLengths.entries()) {
    const subject = level === 0 ? CA_DN : `/C=IT/O=G/CN=Level ${level}`
    issuer = createCa({ subject, issuer, ...YEAR, ...(pathLength === undefined ? {} : { pathLength }) })
    trust.push({ ca: issuer, signingPolicy: signingPolicyText(subject, ['/C=IT/O=G/*']) })
  }
  const one = eec('u', {}, issuer!)
  return { sent: proxies(one, {}, {}), as: one, trust }
}

describe('CA path length', () => {
  testChains([
    { name: '76: 0 with a CA below', ...chainOfCas(0, undefined), expect: 'CA_PATHLEN' },
    { name: '76: 0 with an EEC and two proxies', ...chainOfCas(0), expect: 'ACCEPT' },
    {
      name: '76: 1 with two CAs below',
      ...chainOfCas(undefined, 1, undefined, undefined),
      expect: 'CA_PATHLEN',
    },
    { name: '76: 1 with one CA below', ...chainOfCas(undefined, 1, undefined), expect: 'ACCEPT' },
    { name: '1.7: eight CAs', ...chainOfCas(...Array<undefined>(8).fill(undefined)), expect: 'ACCEPT' },
    { name: '1.7: nine CAs', ...chainOfCas(...Array<undefined>(9).fill(undefined)), expect: 'UNKNOWN_CA' },
  ])
})

const constrained = (
  trees: Parameters<typeof nameConstraints>[0],
  user: Parameters<typeof eec>[1] = {},
): Pick<ChainRow, 'sent' | 'as' | 'trust'> =>
  subWorld({ extensions: [basicConstraints(true), nameConstraints(trees)] }, user).row
const withSan = (...names: Parameters<typeof subjectAltName>[0]) => ({ extensions: [subjectAltName(names)] })
const IN = { permitted: [{ directory: '/C=it/O=G' }] } as const

describe('name constraints', () => {
  const row = constrained(IN)
  testChains([
    { name: '77: subject within', ...row, expect: 'ACCEPT' },
    { name: '77: subject within, with a proxy', ...row, sent: proxies(row.as!, {}), expect: 'ACCEPT' },
    {
      name: '77: subject outside',
      ...constrained({ permitted: [{ directory: '/C=IT/O=H' }] }),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: subject excluded',
      ...constrained({ ...IN, excluded: [{ directory: '/C=IT/O=G/CN=u' }] }),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: a sibling excluded',
      ...constrained({ excluded: [{ directory: '/C=IT/O=G/CN=uu' }] }),
      expect: 'ACCEPT',
    },
    {
      name: '77: host within',
      ...constrained({ permitted: [{ dns: 'example' }] }, withSan({ dns: 'X.Example' })),
      expect: 'ACCEPT',
    },
    {
      name: '77: host outside',
      ...constrained({ permitted: [{ dns: 'example' }] }, withSan({ dns: 'badexample' })),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: one of two hosts outside',
      ...constrained({ permitted: [{ dns: 'example' }] }, withSan({ dns: 'a.example' }, { dns: 'b.test' })),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: mailbox at a host',
      ...constrained({ permitted: [{ email: 'example.org' }] }, withSan({ email: 'a@Example.org' })),
      expect: 'ACCEPT',
    },
    {
      name: '77: mailbox at a subdomain of a host',
      ...constrained({ permitted: [{ email: 'example.org' }] }, withSan({ email: 'a@b.example.org' })),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: mailbox within a domain',
      ...constrained({ permitted: [{ email: '.example.org' }] }, withSan({ email: 'a@b.example.org' })),
      expect: 'ACCEPT',
    },
    {
      name: '77: one mailbox',
      ...constrained({ excluded: [{ email: 'a@b' }] }, withSan({ email: 'A@b' })),
      expect: 'ACCEPT',
    },
    {
      name: '77: the mailbox in the subject',
      ...constrained(
        { permitted: [{ email: 'example.org' }] },
        { subject: '/C=IT/O=G/CN=u/emailAddress=a@b.test' },
      ),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: the mailbox in the subject as a BMPString, excluded',
      ...constrained(
        { excluded: [{ email: 'b.test' }] },
        {
          subject: [
            { type: 'C', value: 'IT' },
            { type: 'O', value: 'G' },
            { type: 'CN', value: 'u' },
            { type: 'emailAddress', value: 'a@B.test', string: 'bmp' },
          ],
        },
      ),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: another form, unused',
      ...constrained({ permitted: [{ uri: 'example' }] }),
      expect: 'ACCEPT',
    },
    {
      name: '77: another form, used',
      ...constrained({ permitted: [{ uri: 'example' }] }, withSan({ uri: 'http://example/' })),
      expect: 'CA_NAME_CONSTRAINTS',
    },
    {
      name: '77: malformed',
      ...subWorld({
        extensions: [basicConstraints(true), extension('2.5.29.30', true, new Uint8Array([5, 0]))],
      }).row,
      expect: 'CA_NAME_CONSTRAINTS',
    },
  ])
})

const signing = (signingPolicy: string | undefined, namespaces?: string): Trust => [
  {
    ca: CA,
    ...(signingPolicy === undefined ? {} : { signingPolicy }),
    ...(namespaces === undefined ? {} : { namespaces }),
  },
]
const spaces = (...rules: Parameters<typeof namespacesText>[0]) => signing(undefined, namespacesText(rules))
const G = '/C=IT/O=G/.*'
const brackets = eec('u', { subject: '/C=IT/O=G [x]/CN=u' })
const emailCa = createCa({ subject: '/C=IT/CN=CA/emailAddress=ca@x', ...YEAR })
const ofEmailCa = eec('u', {}, emailCa)
const quotedOddly = '#NAMESPACES-VERSION: 1.0\nTO Issuer SELF PERMIT Subject \'"/C=IT/O=G/.*"\'\n'
const lax = { namespaces: 'ifPresent' } as const

describe('namespaces', () => {
  testChains([
    { name: '82: no policy files', sent: [U], trust: signing(undefined), expect: 'NAMESPACE_MISSING' },
    {
      name: '82: no policy files, ifPresent',
      sent: [U],
      trust: signing(undefined),
      policy: lax,
      expect: 'ACCEPT',
    },
    {
      name: '82: no policy files, ignore',
      sent: [U],
      trust: signing(undefined),
      policy: { namespaces: 'ignore' },
      expect: 'ACCEPT',
    },
    {
      name: '82: a file that speaks of another CA',
      sent: [U],
      trust: signing(subPolicy),
      expect: 'NAMESPACE_MISSING',
    },
    {
      name: '83: another pattern',
      sent: [U],
      trust: signing(signingPolicyText(CA_DN, ['/C=XX/*'])),
      expect: 'NAMESPACE_DENIED',
    },
    {
      name: '83: another pattern, ifPresent',
      sent: [U],
      trust: signing(signingPolicyText(CA_DN, ['/C=XX/*'])),
      policy: lax,
      expect: 'NAMESPACE_DENIED',
    },
    {
      name: '84: second pattern',
      sent: [U],
      trust: signing(signingPolicyText(CA_DN, ['/C=XX/*', '/C=IT/O=G/*'])),
      expect: 'ACCEPT',
    },
    {
      name: '84: pattern without double quotes',
      sent: [U],
      trust: signing(policy.replaceAll('"', '')),
      expect: 'ACCEPT',
    },
    {
      name: '84: question mark',
      sent: [U],
      trust: signing(signingPolicyText(CA_DN, ['/C=IT/O=G/CN=?'])),
      expect: 'ACCEPT',
    },
    {
      name: '85: issuer in other case',
      sent: [U],
      trust: signing(signingPolicyText('/c=it/o=g/cn=ca', ['/C=IT/O=G/*'])),
      expect: 'ACCEPT',
    },
    {
      name: '85: Email= for emailAddress',
      sent: [ofEmailCa],
      as: ofEmailCa,
      trust: [{ ca: emailCa, signingPolicy: signingPolicyText('/C=IT/CN=CA/Email=ca@x', ['/C=IT/O=G/*']) }],
      expect: 'ACCEPT',
    },
    {
      name: '86: cut off within a quote',
      sent: [U],
      trust: signing(policy.trimEnd().slice(0, -1)),
      expect: 'NAMESPACE_FILE_BAD',
    },
    {
      name: '86: negative rights',
      sent: [U],
      trust: signing(policy.replace('pos_rights', 'neg_rights')),
      expect: 'NAMESPACE_FILE_BAD',
    },
    {
      name: '86: bad, though namespaces would permit',
      sent: [U],
      trust: signing('nonsense', namespacesText([{ issuer: 'SELF', subject: G }])),
      expect: 'NAMESPACE_FILE_BAD',
    },
    {
      name: '87: only namespaces, SELF permits',
      sent: [U],
      trust: spaces({ issuer: 'SELF', subject: G }),
      expect: 'ACCEPT',
    },
    {
      name: '87: the issuer by name',
      sent: [U],
      trust: spaces({ issuer: CA_DN, subject: G }),
      expect: 'ACCEPT',
    },
    {
      name: '87: a denial wins',
      sent: [U],
      trust: spaces(
        { issuer: 'SELF', subject: G },
        { issuer: 'SELF', deny: true, subject: '/C=IT/O=G/CN=u' },
      ),
      expect: 'NAMESPACE_DENIED',
    },
    {
      name: '87: nothing permits',
      sent: [U],
      trust: spaces({ issuer: 'SELF', deny: true, subject: '/C=XX/.*' }),
      expect: 'NAMESPACE_DENIED',
    },
    {
      name: '87: another issuer',
      sent: [U],
      trust: spaces({ issuer: '/CN=Other', subject: G }),
      expect: 'NAMESPACE_MISSING',
    },
    { name: '87: stray single quotes', sent: [U], trust: signing(undefined, quotedOddly), expect: 'ACCEPT' },
    {
      name: '87: brackets are literal',
      sent: [brackets],
      as: brackets,
      trust: spaces({ issuer: 'SELF', subject: '/C=IT/O=G [x]/.*' }),
      expect: 'ACCEPT',
    },
    {
      name: '2.5: signing policy before namespaces',
      sent: [U],
      trust: signing(policy, namespacesText([{ issuer: 'SELF', deny: true, subject: '/.*' }])),
      expect: 'ACCEPT',
    },
    {
      name: "2.5: the intermediate itself must be permitted by the root's file",
      ...plain.row,
      trust: [{ ...ROOT, signingPolicy: signingPolicyText(CA_DN, ['/C=IT/O=G/CN=Other']) }, plain.trust[1]!],
      expect: 'NAMESPACE_DENIED',
    },
    {
      name: '2.5: SELF is the CA of the file, not the issuer below',
      ...plain.row,
      trust: [{ ca: CA, namespaces: namespacesText([{ issuer: 'SELF', subject: G }]) }, { ca: plain.sub }],
      expect: 'NAMESPACE_MISSING',
    },
    {
      name: '0: enforce off lets a denial pass',
      sent: [U],
      trust: signing(undefined),
      policy: { enforce: false },
      expect: 'ACCEPT',
    },
    {
      name: '0: enforce off does not let an expired CA pass',
      sent: [U],
      trust: [{ ca: expiredRoot, signingPolicy: policy }],
      policy: { enforce: false },
      expect: 'CA_EXPIRED',
    },
  ])
})

const elsewhere = createCa({ subject: '/CN=Elsewhere', from: '2025-01-01T00:00:00Z', until: NOW - 1 })
const crossSigned = createCa({ subject: SUB_DN, key: plain.sub.key, issuer: elsewhere, ...YEAR })
const subTwice: Trust = [
  { ca: elsewhere, signingPolicy: signingPolicyText('/CN=Elsewhere', ['/*']) },
  { ca: crossSigned, signingPolicy: subPolicy },
  ROOT,
  { ca: plain.sub },
]

const narrowRoot = createCa({ subject: CA_DN, key: CA.key, pathLength: 0, ...YEAR })
const newKeyOfRoot = createCa({ subject: CA_DN, issuer: CA, ...YEAR })
const underNewKey = eec('u', {}, newKeyOfRoot)

describe('several ways up', () => {
  testChains([
    {
      name: '1.7: a self-issued change of key does not count for path length',
      sent: [underNewKey, newKeyOfRoot],
      as: underNewKey,
      trust: [{ ...ROOT, ca: narrowRoot }],
      policy: ALLOW_SENT,
      expect: 'ACCEPT',
    },
    {
      name: '1.7: one of two cross-signing roots has expired',
      ...plain.row,
      trust: subTwice,
      expect: 'ACCEPT',
    },
    { name: '1.7: it is the only one', ...plain.row, trust: subTwice.slice(0, 2), expect: 'CA_EXPIRED' },
  ])
})
