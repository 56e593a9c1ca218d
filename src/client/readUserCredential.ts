import { createPrivateKey, type KeyObject } from 'node:crypto'
import { statSync } from 'node:fs'
import { ClientError } from './ClientError.ts'
import { PEM_KEY, readPemCertificates, readUserFile } from './readPemCertificates.ts'
import { looksLikePkcs12, readPkcs12 } from './readPkcs12.ts'
import { shellQuote } from './shellQuote.ts'
import { plainKey, type UserCredential, userCredential } from './UserCredential.ts'

/** Where a user's credential is: PEM certificate and key, possibly in one file, or PKCS#12 in `certificate`. */
export interface CredentialFiles {
  readonly certificate: string
  readonly key: string
}

/** Asks for the passphrase of a file; called only where one is needed. */
export type AskPassphrase = (file: string) => Promise<string>

/**
 * Reads a user's credential, whichever of the usual forms it has. Throws ClientError 'credential' or 'passphrase',
 * with what to do: for a key that others may read, too.
 */
export async function readUserCredential(
  files: CredentialFiles,
  ask: AskPassphrase,
): Promise<UserCredential> {
  const bytes = readUserFile(files.certificate)
  if (looksLikePkcs12(bytes)) {
    checkPrivate(files.certificate)
    return await readPkcs12(bytes, files.certificate, ask)
  }
  const certificates = readPemCertificates(bytes, files.certificate)
  const key = await readKey(files.key, ask)
  return userCredential(certificates, key, files.certificate)
}

async function readKey(file: string, ask: AskPassphrase): Promise<KeyObject> {
  const text = Buffer.from(readUserFile(file)).toString('latin1')
  const pem = PEM_KEY.exec(text)?.[0]
  if (pem === undefined) {
    throw new ClientError('credential', `${file} holds no private key in PEM`, 'name the key by --key')
  }
  checkPrivate(file)
  const key = pem.includes('ENCRYPTED') ? await decryptKey(pem, file, ask) : plainKey(pem)
  if (key === undefined) throw new ClientError('credential', `the private key in ${file} cannot be read`)
  return key
}

async function decryptKey(pem: string, file: string, ask: AskPassphrase): Promise<KeyObject> {
  const passphrase = await ask(file)
  try {
    return createPrivateKey({ key: pem, passphrase })
  } catch (cause) {
    if (isUnsupported(cause)) {
      const name = shellQuote(file)
      throw new ClientError(
        'credential',
        `${file} is encrypted in a way that is no longer supported`,
        `convert it: (umask 077; openssl pkey -provider legacy -provider default -in ${name} -aes256 -out ${name}.new)`,
      )
    }
    throw new ClientError('passphrase', `that is not the passphrase of ${file}`)
  }
}

function isUnsupported(cause: unknown): boolean {
  const { code = '', message = '' } = cause as { code?: string; message?: string }
  return code === 'ERR_OSSL_UNSUPPORTED' || /unsupported/i.test(message)
}

/** A key that anybody else may read is nobody's key any more. */
function checkPrivate(file: string): void {
  const { mode } = statSync(file)
  if ((mode & 0o077) === 0) return
  const bits = (mode & 0o777).toString(8).padStart(4, '0')
  throw new ClientError(
    'credential',
    `${file} holds a private key and may be used by others (mode ${bits})`,
    `chmod 0400 ${shellQuote(file)}`,
  )
}
