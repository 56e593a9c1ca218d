import { createHash } from 'node:crypto'
import {
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
} from '../../native-free/der/writer.ts'
import { type NameInput, nameDer } from './distinguishedName.ts'
import type { TestKey } from './keys.ts'

/** The DER of one Extension; `value` is the content of its OCTET STRING, whatever it may be. */
export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [boolean(true)] : []
  return sequence(oid(id), ...flag, octetString(value))
}

export function basicConstraints(ca: boolean, pathLength?: number, critical = true): Uint8Array {
  const flag = ca ? [boolean(true)] : []
  const length = pathLength === undefined ? [] : [integer(pathLength)]
  return extension('2.5.29.19', critical, sequence(...flag, ...length))
}

const USAGE_BITS = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const
export type Usage = (typeof USAGE_BITS)[number]

export function keyUsage(usages: readonly Usage[], critical = true): Uint8Array {
  const bits = usages.reduce((sum, usage) => sum | (1 << USAGE_BITS.indexOf(usage)), 0)
  return extension('2.5.29.15', critical, namedBits(bits))
}

export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

export function extendedKeyUsage(purposes: readonly string[], critical = false): Uint8Array {
  return extension('2.5.29.37', critical, sequence(...purposes.map(oid)))
}

/** A GeneralName. */
export type AltName =
  | { readonly dns: string }
  | { readonly email: string }
  | { readonly uri: string }
  | { readonly ip: readonly number[] }
  | { readonly directory: NameInput }

export function generalName(name: AltName): Uint8Array {
  if ('email' in name) return implicit(1, ascii(name.email))
  if ('dns' in name) return implicit(2, ascii(name.dns))
  if ('directory' in name) return explicit(4, nameDer(name.directory))
  if ('uri' in name) return implicit(6, ascii(name.uri))
  return implicit(7, Uint8Array.from(name.ip))
}

export function subjectAltName(names: readonly AltName[], critical = false): Uint8Array {
  return extension('2.5.29.17', critical, sequence(...names.map(generalName)))
}

export function issuerAltName(names: readonly AltName[], critical = false): Uint8Array {
  return extension('2.5.29.18', critical, sequence(...names.map(generalName)))
}

export function certificatePolicies(policies: readonly string[], critical = false): Uint8Array {
  return extension('2.5.29.32', critical, sequence(...policies.map(policy => sequence(oid(policy)))))
}

export function crlDistributionPoints(uris: readonly string[], critical = false): Uint8Array {
  const points = uris.map(uri => sequence(explicit(0, implicit(0, generalName({ uri }), true))))
  return extension('2.5.29.31', critical, sequence(...points))
}

export function nameConstraints(
  trees: { readonly permitted?: readonly AltName[]; readonly excluded?: readonly AltName[] },
  critical = true,
): Uint8Array {
  const subtrees = (tag: number, names: readonly AltName[] | undefined) =>
    names ? [implicit(tag, Buffer.concat(names.map(name => sequence(generalName(name)))), true)] : []
  return extension(
    '2.5.29.30',
    critical,
    sequence(...subtrees(0, trees.permitted), ...subtrees(1, trees.excluded)),
  )
}

export function subjectKeyIdentifier(key: TestKey): Uint8Array {
  return extension('2.5.29.14', false, octetString(keyIdentifier(key)))
}

export function authorityKeyIdentifier(key: TestKey): Uint8Array {
  return extension('2.5.29.35', false, sequence(implicit(0, keyIdentifier(key))))
}

const ascii = (text: string) => new TextEncoder().encode(text)

/** A key identifier; here the SHA-1 of the whole SPKI, for nobody may depend on how it was computed. */
const keyIdentifier = (key: TestKey) => new Uint8Array(createHash('sha1').update(key.spki).digest())
