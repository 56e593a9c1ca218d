import { AdminError } from './AdminError.ts'
import type { NewMember } from './addMembers.ts'
import type { AttributeHolder, AttributeRemoval, AttributeSetting } from './attributes.ts'
import { type DnText, issuerFromText, subjectFromText } from './certificateNames.ts'
import type { RowCheck, RowOf } from './checkRows.ts'
import type { MemberRef } from './findMembers.ts'
import { holdingName, type Join, type Leave } from './holdings.ts'
import { PERSONAL_FIELDS, type PersonalData } from './members.ts'
import { parseEnd } from './parseEnd.ts'
import { type FileRow, LIST_SEPARATOR, readRows } from './readRows.ts'

/** What a file of `member add` may say of each member. */
export const MEMBER_COLUMNS = ['subject', 'issuer', ...PERSONAL_FIELDS, 'until', 'groups']
export const JOIN_COLUMNS = ['member', 'issuer', 'group', 'role', 'until']
export const LEAVE_COLUMNS = ['member', 'issuer', 'group', 'role']
export const ATTRIBUTE_COLUMNS = ['name', 'value', 'member', 'issuer', 'group', 'role']

/** Members to add; faults go to `check`. Throws AdminError ADMIN_FILE. */
export function readMembers(file: string, check: RowCheck): RowOf<NewMember>[] {
  // Thousands of members have a handful of CAs.
  const issuers = new Map<string, DnText>()
  const issuerOf = (text: string) => {
    const issuer = issuers.get(text) ?? issuerFromText(text)
    issuers.set(text, issuer)
    return issuer
  }
  return readRows(file, MEMBER_COLUMNS, check).map(row => {
    const { place, fields } = row
    const subject = check.read(row, () => subjectFromText(required(row, 'subject')))
    const issuer = check.read(row, () => issuerOf(required(row, 'issuer')))
    const personal: Partial<Record<keyof PersonalData, string>> = {}
    for (const field of PERSONAL_FIELDS) {
      const text = fields.get(field)
      if (text !== undefined) personal[field] = text
    }
    const groups = (fields.get('groups') ?? '').split(LIST_SEPARATOR).map(group => group.trim())
    const holdings = groups
      .filter(group => group !== '')
      .map(group => check.read(row, () => holdingName(group)))
    return {
      place,
      ...personal,
      ...check.read(row, () => endOf(row)),
      certificate: subject && issuer && { subject, issuer },
      holdings: holdings.filter(holding => holding !== undefined),
    }
  })
}

export function readJoins(file: string, check: RowCheck): RowOf<Join>[] {
  return readRows(file, JOIN_COLUMNS, check).map(row => ({
    ...readHolding(row, check),
    ...check.read(row, () => endOf(row)),
  }))
}

export function readLeaves(file: string, check: RowCheck): RowOf<Leave>[] {
  return readRows(file, LEAVE_COLUMNS, check).map(row => readHolding(row, check))
}

export function readAttributes(file: string, check: RowCheck): RowOf<AttributeSetting>[] {
  return readRows(file, ATTRIBUTE_COLUMNS, check).map(row => ({
    ...readRemoval(row, check),
    value: row.fields.get('value') ?? '',
  }))
}

export function readRemovals(file: string, check: RowCheck): RowOf<AttributeRemoval>[] {
  const columns = ATTRIBUTE_COLUMNS.filter(column => column !== 'value')
  return readRows(file, columns, check).map(row => readRemoval(row, check))
}

function required({ fields }: FileRow, column: string): string {
  const text = fields.get(column)
  if (text !== undefined) return text
  throw new AdminError('ADMIN_VALUE', `no ${column}`, 'every row needs one')
}

function endOf({ fields }: FileRow): { readonly endsAt?: Date | null } {
  const until = fields.get('until')
  return until === undefined ? {} : { endsAt: parseEnd(until) }
}

function memberOf(row: FileRow): MemberRef {
  const issuer = row.fields.get('issuer')
  const member = required(row, 'member')
  return issuer === undefined ? { member } : { member, issuer }
}

function readHolding(row: FileRow, check: RowCheck): RowOf<Leave> {
  const named = check.read(row, () => holdingName(required(row, 'group'), row.fields.get('role')))
  const member = check.read(row, () => memberOf(row))
  return { place: row.place, member: undefined, ...member, group: undefined, ...named }
}

function readRemoval(row: FileRow, check: RowCheck): RowOf<AttributeRemoval> {
  return {
    place: row.place,
    name: check.read(row, () => required(row, 'name')),
    holder: check.read(row, () => attributeHolder(row)),
  }
}

function attributeHolder(row: FileRow): AttributeHolder {
  const group = row.fields.get('group')
  const isMember = row.fields.has('member')
  if (isMember === (group !== undefined) || (isMember && row.fields.has('role'))) {
    throw new AdminError(
      'ADMIN_VALUE',
      'not clear whose attribute',
      'name a member, or a group with or without role',
    )
  }
  return group === undefined
    ? { scope: 'member', member: memberOf(row) }
    : groupAttributeHolder(group, row.fields.get('role'))
}

/** A group, or a role in it, as the holder of attributes. */
export function groupAttributeHolder(group: string, role?: string): AttributeHolder {
  const holding = holdingName(group, role)
  return holding.role === undefined
    ? { scope: 'group', group: holding.group }
    : { scope: 'role', group: holding.group, role: holding.role }
}
