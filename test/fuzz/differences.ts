import { insist } from './target.ts'

/**
 * Where another reader of the same format comes to another verdict, and why ours is right. A difference that is not
 * in this list is a finding.
 */
export interface Difference {
  readonly target: string
  readonly other: 'OpenSSL' | 'asn1js' | 'pkijs' | 'Buffer'
  /** `accepted`, with what is particular to the input, where the other one refuses; else the code of our refusal. */
  readonly ours: string
  readonly because: string
}

/** Our verdict where only the parts that are looked into are sound. */
export const UNREAD = 'accepted with an unsound part that is not looked into'
const LAZY =
  'OpenSSL reads keys and the values of extensions only when they are asked for; we read all at once.'
const BER = 'DER has one way to write a value (X.690 10, 11); most readers take others of BER too.'

const OPENSSL: Readonly<Record<string, string>> = {
  'accepted with a value in a name that is no string':
    'OpenSSL takes only some types as values of names. We read the name; as an identity it is refused (DN_UNSAFE).',
  [UNREAD]:
    'Parameters of algorithms that no rule judges are kept as they came. A certificate that OpenSSL cannot read never gets through the handshake, and in the trust directory its signature or key fails.',
  ALGORITHM_MISMATCH:
    'RFC 5280 4.1.1.2: the two algorithm identifiers must be equal. OpenSSL checks when it verifies.',
  EXTENSION_TWICE: 'RFC 5280 4.2: no extension twice. OpenSSL marks the certificate when it verifies.',
  EXTENSIONS_EMPTY: 'RFC 5280 4.1: at least one extension where there is the field.',
  NAME_TOO_LONG: 'More attributes than any DN has: as objects they would cost fifty times their octets.',
  EXTENSIONS_TOO_MANY: 'More extensions than any certificate has; the same reason.',
  PURPOSES_TOO_MANY: 'More extended key usages than any certificate has; the same reason.',
  SERIAL_TOO_LONG: 'RFC 5280 4.1.2.2 allows 20 octets; we take up to 32, OpenSSL any number.',
  KEY_BAD: LAZY,
  DER_BAD_BIT_STRING: `${BER} Also: ${LAZY}`,
  DER_BAD_BOOLEAN: LAZY,
  DER_BAD_INTEGER: LAZY,
  DER_BAD_OID: LAZY,
  DER_BAD_STRING: 'A string of a type that OpenSSL does not convert when it compares names.',
  DER_BAD_TIME: 'RFC 5280 4.1.2.5: times to the second and in UTC. OpenSSL looks at them when it verifies.',
  DER_HIGH_TAG: LAZY,
  DER_INDEFINITE_LENGTH: BER,
  DER_INTEGER_RANGE: 'Version above 3, or a path length beyond 2^53: OpenSSL keeps the number unread.',
  DER_LENGTH_BEYOND_INPUT: LAZY,
  DER_NON_MINIMAL_LENGTH: BER,
  DER_TOO_DEEP: LAZY,
  DER_TRAILING_BYTES: LAZY,
  DER_TRUNCATED: `An RDN without attribute (X.501 9.3), which OpenSSL takes. Also: ${LAZY}`,
  DER_UNEXPECTED_TAG: LAZY,
}

const NOT_JUDGED = 'It takes the structure apart and judges nothing of the VOMS profile, whose rule this is.'
const PKIJS: Readonly<Record<string, string>> = {
  [UNREAD]:
    'Names, certificates and values of extensions are passed on as they came; verifyAc() reads those it needs.',
  'accepted, with a key of an unknown algorithm':
    'It cannot verify with such a key; verifyAc() refuses the signature.',
  'accepted, without something optional':
    'The reader of our tests expects a key identifier and attributes wherever their extensions are.',
  AC_ALGORITHM: NOT_JUDGED,
  AC_ATTRIBUTES: NOT_JUDGED,
  AC_CERTSEQ: NOT_JUDGED,
  AC_DER: `${NOT_JUDGED} It also takes BER.`,
  AC_EXTENSIONS: NOT_JUDGED,
  AC_FULL_ATTRIBUTES: NOT_JUDGED,
  AC_HOLDER: NOT_JUDGED,
  AC_ISSUER: NOT_JUDGED,
  AC_KEY_ID: NOT_JUDGED,
  AC_NO_REV_AVAIL: NOT_JUDGED,
  AC_POLICY_AUTHORITY: NOT_JUDGED,
  AC_SERIAL: NOT_JUDGED,
  AC_SIGNATURE: NOT_JUDGED,
  AC_TARGETS: NOT_JUDGED,
  AC_TEXT: NOT_JUDGED,
  AC_VALIDITY: NOT_JUDGED,
  AC_VERSION: NOT_JUDGED,
}

const LOOSE =
  'It takes from a structure what it knows, and passes over what is between, behind, or of another form.'
const CRL: Readonly<Record<string, string>> = {
  [UNREAD]: 'Parameters of algorithms and values of extensions without meaning for us are kept as they came.',
  'accepted, with an entry whose extensions are none': 'OpenSSL takes it too; nothing is said of the entry.',
  CRL_ENTRY: 'Entries are read as DER, and serials have a bound; it takes what it finds.',
  CRL_EXTENSIONS_LARGE: 'A bound of ours: extensions become objects.',
  CRL_NUMBER_RANGE: 'RFC 5280 5.2.3: at most 20 octets.',
  CRL_VERSION: 'RFC 5280 5.1.2.1: extensions need version 2.',
  DER_BAD_BIT_STRING: BER,
  DER_BAD_BOOLEAN: BER,
  DER_BAD_INTEGER: BER,
  DER_BAD_OID: BER,
  DER_BAD_STRING: 'It keeps the octets of a string of another form.',
  DER_BAD_TIME: 'RFC 5280 5.1.2.4: times to the second and in UTC; it takes what a Date can be made of.',
  DER_HIGH_TAG: LOOSE,
  DER_INDEFINITE_LENGTH: BER,
  DER_INTEGER_RANGE: 'RFC 5280 5.1.2.1: version 1 or 2; it keeps the number unread.',
  DER_LENGTH_BEYOND_INPUT: LOOSE,
  DER_NON_MINIMAL_LENGTH: BER,
  DER_TOO_DEEP: LOOSE,
  DER_TRAILING_BYTES: LOOSE,
  DER_TRUNCATED: LOOSE,
  DER_UNEXPECTED_TAG: LOOSE,
  EXTENSION_TWICE: 'RFC 5280 4.2: no extension twice.',
  EXTENSIONS_EMPTY: 'RFC 5280 5.1.2.7: at least one extension where there is the field.',
  EXTENSIONS_TOO_MANY:
    'More extensions than any CRL has: as objects they would cost many times their octets.',
  NAME_TOO_LONG: 'More attributes than any DN has; the same reason.',
}

const listOf = (target: string, other: Difference['other'], reasons: Readonly<Record<string, string>>) =>
  Object.entries(reasons).map(([ours, because]): Difference => ({ target, other, ours, because }))

export const DIFFERENCES: readonly Difference[] = [
  ...listOf('certificate', 'OpenSSL', OPENSSL),
  ...listOf('crl', 'pkijs', CRL),
  ...listOf('ac', 'pkijs', PKIJS),
  {
    target: 'der',
    other: 'asn1js',
    ours: 'accepted',
    because:
      'Our cursor reads types where the caller asks for one: it knows no character sets, reserved or constructed string types, and has no bound on the number of elements but that of its caller.',
  },
  {
    target: 'base64',
    other: 'Buffer',
    ours: 'BASE64_BAD',
    because:
      'RFC 4648 3.5: bits of the last character that stand for nothing are zero. Buffer drops them unseen.',
  },
]

const explained = new Set(DIFFERENCES.map(keyOf))
const seen = new Map<string, number>()

/** Notes that the verdicts differ. Throws Violation for a difference that has no explanation. */
export function noteDifference(difference: Omit<Difference, 'because'>, theirs: string): void {
  const key = keyOf(difference)
  insist(explained.has(key), `unexplained difference: ${key}, ${theirs}`)
  seen.set(key, (seen.get(key) ?? 0) + 1)
}

/** How often each was met in this process. */
export function differencesSeen(): ReadonlyMap<string, number> {
  return seen
}

function keyOf({ target, other, ours }: Omit<Difference, 'because'>): string {
  return `${target}, other than ${other}: ${ours}`
}

/** test/fuzz/differences.md. */
export function formatDifferences(): string {
  const rows = DIFFERENCES.map(
    ({ target, other, ours, because }) => `| ${target} | ${other} | ${ours} | ${because} |`,
  )
  return `${DIFFERENCES_HEAD}${rows.join('\n')}\n`
}

const DIFFERENCES_HEAD = `# Where readers differ

Fuzzing gives many of its inputs to an independent reader too. Whatever one takes and the other refuses falls under
one of these lines, or the run fails. A test keeps this page equal to \`test/fuzz/differences.ts\`.

| target | other reader | our verdict | why |
| --- | --- | --- | --- |
`
