import { bytesToLatin1 } from '../bytes/latin1.ts'
import { type DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { textOf } from '../dn/oneline.ts'
import { Refusal } from '../refusal.ts'
import type { Certificate } from '../x509/certificate.ts'
import { parseName } from '../x509/parseName.ts'
import { OID } from './extensionOids.ts'
import { refuseChain } from './refuseChain.ts'
import type { ChainRefusal } from './types.ts'

/** A GeneralName: its tag octet and what is compared: canonical name, lower-case host, mailbox, or nothing. */
interface ConstrainedName {
  readonly tag: number
  readonly text: string
}

const EMAIL = contextTag(1, false)
const DNS = contextTag(2, false)
const DIRECTORY = contextTag(4, true)
const EMAIL_ATTRIBUTE = '1.2.840.113549.1.9.1'

/**
 * Checks an EEC's subject and subjectAltName against a CA's nameConstraints (RFC 5280 4.2.1.10): directory names,
 * mailboxes and host names. Any other form that is constrained and used is refused, as is what cannot be read.
 */
export function checkNameConstraints(ca: Certificate, eec: Certificate): ChainRefusal | undefined {
  const extension = ca.extensions.find(one => one.oid === OID.nameConstraints)
  if (extension === undefined) return undefined
  try {
    const { permitted, excluded } = parseNameConstraints(extension.value)
    const fault = namesOf(eec).find(name => !isAllowed(name, permitted, excluded))
    if (fault === undefined) return undefined
    return refuseChain('CA_NAME_CONSTRAINTS', `a name of form [${fault.tag & 0x1f}] is outside`, eec)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return refuseChain('CA_NAME_CONSTRAINTS', cause.message, ca)
  }
}

function isAllowed(
  name: ConstrainedName,
  permitted: readonly ConstrainedName[],
  excluded: readonly ConstrainedName[],
): boolean {
  const sameForm = (tree: ConstrainedName) => tree.tag === name.tag
  const permits = permitted.filter(sameForm)
  const excludes = excluded.filter(sameForm)
  if (permits.length === 0 && excludes.length === 0) return true
  const within = WITHIN[name.tag]
  if (within === undefined || excludes.some(tree => within(name.text, tree.text))) return false
  return permits.length === 0 || permits.some(tree => within(name.text, tree.text))
}

const WITHIN: Readonly<Record<number, (name: string, tree: string) => boolean>> = {
  // A canonical form is one TLV an RDN, so a prefix of it is a prefix of RDNs.
  [DIRECTORY]: (name, tree) => name.startsWith(tree),
  [DNS]: (name, tree) => isHostWithin(name, tree),
  [EMAIL]: (name, tree) => {
    const host = name.slice(name.lastIndexOf('@') + 1).toLowerCase()
    if (tree.includes('@')) return mailbox(name) === mailbox(tree)
    return tree.startsWith('.') ? host.endsWith(tree.toLowerCase()) : host === tree.toLowerCase()
  },
}

function isHostWithin(name: string, tree: string): boolean {
  const host = name.toLowerCase()
  const domain = tree.toLowerCase()
  if (domain === '' || host === domain) return true
  return host.endsWith(domain.startsWith('.') ? domain : `.${domain}`)
}

/** The local part of a mailbox keeps its case, the host does not. */
function mailbox(address: string): string {
  const at = address.lastIndexOf('@')
  return address.slice(0, at + 1) + address.slice(at + 1).toLowerCase()
}

/** Subject and alternative names; without a mailbox among these, those of the subject's emailAddress attributes. */
function namesOf(eec: Certificate): ConstrainedName[] {
  const names: ConstrainedName[] = [{ tag: DIRECTORY, text: eec.subject.canonical }]
  const alternatives = eec.extensions.find(one => one.oid === OID.subjectAltName)
  if (alternatives !== undefined) {
    const list = enterWhole(alternatives.value, TAG.sequence)
    while (!list.done) names.push(readGeneralName(list))
  }
  if (names.some(name => name.tag === EMAIL)) return names
  for (const ava of eec.subject.rdns.flat()) {
    if (ava.oid === EMAIL_ATTRIBUTE) names.push({ tag: EMAIL, text: textOf(ava) ?? bytesToLatin1(ava.value) })
  }
  return names
}

function parseNameConstraints(value: Uint8Array): {
  permitted: ConstrainedName[]
  excluded: ConstrainedName[]
} {
  const fields = enterWhole(value, TAG.sequence)
  const permitted = readSubtrees(fields.optionalEnter(contextTag(0, true)))
  const excluded = readSubtrees(fields.optionalEnter(contextTag(1, true)))
  fields.finish()
  return { permitted, excluded }
}

/** GeneralSubtrees; minimum and maximum are not used (RFC 5280 4.2.1.10), so nothing may follow the base. */
function readSubtrees(list: DerReader | undefined): ConstrainedName[] {
  const trees: ConstrainedName[] = []
  while (list !== undefined && !list.done) {
    const subtree = list.enter(TAG.sequence)
    trees.push(readGeneralName(subtree))
    subtree.finish()
  }
  return trees
}

function readGeneralName(reader: DerReader): ConstrainedName {
  const tag = reader.peek()
  const content = reader.next(tag)
  if (tag === DIRECTORY) return { tag, text: parseName(content).canonical }
  return { tag, text: tag === DNS || tag === EMAIL ? bytesToLatin1(content) : '' }
}
