import { Refusal } from '../../native-free/refusal.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { ClientError } from './ClientError.ts'
import type { AskPassphrase } from './readUserCredential.ts'
import { shellQuote } from './shellQuote.ts'
import { isKeyOf, plainKey, type UserCredential, userCredential } from './UserCredential.ts'

/** PFX is a SEQUENCE that begins with version 3 (RFC 7292 4). */
export function looksLikePkcs12(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x30) return false
  const lengthOctet = bytes[1] ?? 0
  const header = lengthOctet <= 0x80 ? 2 : 2 + (lengthOctet & 0x7f)
  return bytes[header] === 0x02 && bytes[header + 1] === 1 && bytes[header + 2] === 3
}

/**
 * Reads a PKCS#12 file that is encrypted by PBES2 with AES, as OpenSSL 3 and current browsers write it. Throws
 * ClientError 'passphrase', or 'credential': for older files with the command that converts them.
 */
export async function readPkcs12(
  bytes: Uint8Array,
  file: string,
  ask: AskPassphrase,
): Promise<UserCredential> {
  const old = OLD_ENCRYPTIONS.find(({ oid }) => holds(bytes, oid))
  if (old !== undefined) throw tooOld(file, old.name)
  const passphrase = await ask(file)
  const { certificates, keys } = await openPfx(bytes, passphrase, file)
  const key = keys[0]
  if (key === undefined) throw new ClientError('credential', `${file} holds no private key that can be used`)
  const own = certificates.find(certificate => isKeyOf(certificate, key))
  if (own === undefined) {
    throw new ClientError('credential', `${file} holds no certificate that belongs to its private key`)
  }
  return userCredential([own, ...certificates.filter(certificate => certificate !== own)], key, file)
}

/** PKCS#12's own password-based encryptions (RFC 7292 appendix C): DER of each OID. */
const OLD_ENCRYPTIONS = [
  [1, 'PBE-SHA1-RC4-128'],
  [2, 'PBE-SHA1-RC4-40'],
  [3, 'PBE-SHA1-3DES'],
  [4, 'PBE-SHA1-2DES'],
  [5, 'PBE-SHA1-RC2-128'],
  [6, 'PBE-SHA1-RC2-40'],
].map(([last, name]) => ({
  oid: Uint8Array.of(0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, last as number),
  name: name as string,
}))

function holds(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes).includes(part)
}

function tooOld(file: string, name: string): ClientError {
  const [from, pem, to] = [file, `${file}.pem`, `${file}.new`].map(shellQuote)
  return new ClientError(
    'credential',
    `${file} is encrypted by ${name}, which is no longer supported`,
    `convert it: (umask 077; openssl pkcs12 -legacy -in ${from} -nodes -out ${pem} && openssl pkcs12 -export -in ${pem} -out ${to}; rm -f ${pem}), then name ${to}`,
  )
}

/** By pkijs with @peculiar/webcrypto, loaded only here. */
async function openPfx(bytes: Uint8Array, passphrase: string, file: string) {
  const [pkijs, { Crypto }] = await Promise.all([import('pkijs'), import('@peculiar/webcrypto')])
  // Its types lag behind those of the platform.
  const engine = new pkijs.CryptoEngine({ name: 'vouchd', crypto: new Crypto() as never })
  pkijs.setEngine('vouchd', engine as never)
  const password = new TextEncoder().encode(passphrase).buffer as ArrayBuffer
  const pfx = orUnreadable(file, () => pkijs.PFX.fromBER(new Uint8Array(bytes)))
  const contents: { readonly bagId: string; readonly bagValue: unknown }[] = []
  try {
    await pfx.parseInternalValues({ password, checkIntegrity: true })
    const safe = pfx.parsedValue?.authenticatedSafe
    if (safe === undefined) throw new Error('no authenticated safe')
    await safe.parseInternalValues({ safeContents: safe.safeContents.map(() => ({ password })) })
    const parsed = safe.parsedValue.safeContents as { value: { safeBags: typeof contents } }[]
    contents.push(...parsed.flatMap(({ value }) => value.safeBags))
    for (const { bagValue } of contents) {
      if (bagValue instanceof pkijs.PKCS8ShroudedKeyBag) {
        await (bagValue as unknown as { parseInternalValues(p: object): Promise<void> }).parseInternalValues({
          password,
        })
      }
    }
  } catch (cause) {
    throw explain(cause, file)
  }
  const keys = contents.flatMap(({ bagValue }) => {
    const info =
      bagValue instanceof pkijs.PKCS8ShroudedKeyBag
        ? bagValue.parsedValue
        : bagValue instanceof pkijs.PrivateKeyInfo
          ? bagValue
          : undefined
    const der = info?.toSchema().toBER()
    const key = der && plainKey({ der: new Uint8Array(der), type: 'pkcs8' })
    return key === undefined ? [] : [key]
  })
  const certificates = contents.flatMap(({ bagValue }) => {
    const value = bagValue instanceof pkijs.CertBag ? bagValue.parsedValue : undefined
    if (!(value instanceof pkijs.Certificate)) return []
    return [orUnreadable(file, () => parseCertificate(new Uint8Array(value.toSchema(false).toBER())))]
  })
  return { certificates, keys }
}

function explain(cause: unknown, file: string): ClientError {
  const message = cause instanceof Error ? cause.message : String(cause)
  // Both the check value and the decryption depend on the password alone in a file that could be parsed.
  if (/integrity|decrypt|bad decrypt|wrong|password/i.test(message)) {
    return new ClientError('passphrase', `that is not the passphrase of ${file}, or the file is damaged`)
  }
  return unreadable(file, message)
}

function orUnreadable<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    throw unreadable(file, cause instanceof Refusal || cause instanceof Error ? cause.message : String(cause))
  }
}

function unreadable(file: string, why: string): ClientError {
  const advice = 'export it anew, or take it apart with openssl pkcs12'
  return new ClientError('credential', `${file} is PKCS#12 that cannot be read: ${why.slice(0, 200)}`, advice)
}
