import type { SourceKind } from './SourceKind.ts'

/**
 * What of a source needs a decision, and the ways to decide, the default first. keep: imported as it is, as the
 * source's own server treats it. skip: left out, with all that belongs to it. fail: nothing is imported.
 */
export const DECISIONS = {
  'suspended-member': ['enforce', 'certificates', 'skip', 'fail'],
  'suspended-certificate': ['keep', 'skip', 'fail'],
  'membership-ended': ['keep', 'enforce', 'skip', 'fail'],
  'holding-ended': ['keep', 'enforce', 'skip', 'fail'],
  'member-outside-root': ['keep', 'skip', 'fail'],
  'duplicate-email': ['keep', 'skip', 'fail'],
  'unconvertible-dn': ['keep', 'skip', 'fail'],
  'unknown-ca': ['skip', 'fail'],
  'untrusted-ca': ['keep', 'skip', 'fail'],
  'subject-of-two-issuers': ['keep', 'skip', 'fail'],
  'certificate-of-two-members': ['skip', 'fail'],
  'role-named-as-group': ['keep', 'skip', 'fail'],
  'name-characters': ['keep', 'skip', 'fail'],
  'value-too-long': ['keep', 'skip', 'fail'],
  'aup-not-signed': ['keep', 'fail'],
} as const satisfies Record<string, readonly [string, ...string[]]>

export type DecisionKind = keyof typeof DECISIONS
export type Decisions = { readonly [Kind in DecisionKind]: (typeof DECISIONS)[Kind][number] }

export const DECISION_KINDS = Object.keys(DECISIONS) as readonly DecisionKind[]

/** The ways to decide in one kind of source: IAM looks at accounts alone, and has no suspended certificates. */
export function choicesOf(source: SourceKind['name'], decision: DecisionKind): readonly string[] {
  return DECISIONS[decision].filter(choice => !(source === 'iam' && choice === 'certificates'))
}

/** What is decided where nothing is said. */
export const DEFAULT_DECISIONS = Object.fromEntries(
  DECISION_KINDS.map(kind => [kind, DECISIONS[kind][0]]),
) as unknown as Decisions

/** What each option of the command line decides about, to follow "what to do about". */
export const DECISION_TITLES: Readonly<Record<DecisionKind, string>> = {
  'suspended-member':
    'suspended members: "enforce" refuses them with every certificate, "certificates" only with suspended ones',
  'suspended-certificate': 'suspended certificates: "keep" keeps refusing them',
  'membership-ended':
    'memberships whose end is past: "keep" lets them pass as the VOMS server does, "enforce" does not',
  'holding-ended': 'group memberships whose end is past: "keep" lets them pass, "enforce" does not',
  'member-outside-root': "members who are not in the VO's own group",
  'duplicate-email': 'members with one e-mail address; "skip" leaves out all but the first',
  'unconvertible-dn': 'certificates whose subject or issuer is no DN',
  'unknown-ca': 'certificates whose CA or member is not in the source',
  'untrusted-ca': 'certificates whose CA is not in the trust directory here',
  'subject-of-two-issuers': 'certificates of one subject from several CAs',
  'certificate-of-two-members': 'certificates that belong to several members',
  'role-named-as-group':
    'roles named as a group below the group where they are held; "skip" leaves out those roles there',
  'name-characters': 'groups and roles with characters outside A-Z a-z 0-9 . _ -',
  'value-too-long': 'group paths, role names and attribute values of more than 255 characters',
  'aup-not-signed': "members who have not signed the policy, where IAM's rules refuse them",
}
