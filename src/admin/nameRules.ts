import { VO_NAME } from '../config/schema.ts'
import { AdminError, shown } from './AdminError.ts'

// What cannot be issued cannot be created: the grammar of native-free/fqan/fqan.ts, and the lengths that the
// databases of the grid hold. Text of people is free, but no control character ends up in an AC or a terminal.

const MAX_NAME = 255
const MAX_TEXT = 255
const MAX_VALUE = 4096
const NAME = /^[0-9A-Za-z_.-]+$/
const GROUP = /^(?:\/[0-9A-Za-z_.-]+)+$/
// Visible ASCII without "=", at which clients split name from value.
const ATTRIBUTE_NAME = /^[!-<>-~]+$/
const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u
const E_MAIL = /^[^\s@<>()",;:\\]+@[^\s@<>()",;:\\]+$/

export function checkVoName(name: string): void {
  if (VO_NAME.test(name)) return
  throw refuse(
    `"${shown(name)}" is no name of a VO`,
    'use letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 255 characters',
  )
}

/** A new group's full path. That it lies within its VO is for the caller. */
export function checkGroupPath(path: string): void {
  if (!GROUP.test(path)) {
    throw refuse(
      `"${shown(path)}" is no path of a group`,
      'write /VO/GROUP/SUBGROUP, each in letters, digits, ".", "_" and "-"',
    )
  }
  if (path.length > MAX_NAME) {
    throw refuse(`the path ${shown(path)} is too long`, `use at most ${MAX_NAME} characters`)
  }
}

export function checkRoleName(name: string): void {
  if (name.toUpperCase() === 'NULL') {
    throw refuse('a role cannot be called NULL, which stands for "no role"', 'choose another name')
  }
  if (NAME.test(name) && name.length <= MAX_NAME) return
  throw refuse(
    `"${shown(name)}" is no name of a role`,
    'use letters, digits, ".", "_" and "-", at most 255 characters, without "Role="',
  )
}

export function checkAttributeName(name: string): void {
  if (ATTRIBUTE_NAME.test(name) && !name.includes('::') && name.length <= MAX_NAME) return
  throw refuse(
    `"${shown(name)}" is no name of an attribute`,
    'use visible ASCII without blanks, "=" and "::", at most 255 characters',
  )
}

export function checkAttributeValue(value: string): void {
  checkControls('the value of an attribute', value)
  if (Buffer.byteLength(value) <= MAX_VALUE) return
  throw refuse('the value of an attribute is too long', `use at most ${MAX_VALUE} octets`)
}

/** Names, addresses, descriptions, reasons. */
export function checkText(what: string, text: string): void {
  checkControls(what, text)
  if (text.length <= MAX_TEXT) return
  throw refuse(`${what} is too long (${text.length} characters)`, `use at most ${MAX_TEXT}`)
}

export function checkEmail(address: string): void {
  checkText('the e-mail address', address)
  if (E_MAIL.test(address)) return
  throw refuse(`"${shown(address)}" is no e-mail address`, 'write it as name@example.org')
}

function checkControls(what: string, text: string): void {
  if (!CONTROLS.test(text)) return
  throw refuse(`${what} holds a control character`, 'leave it out')
}

function refuse(message: string, advice: string): AdminError {
  return new AdminError('ADMIN_VALUE', message, advice)
}
