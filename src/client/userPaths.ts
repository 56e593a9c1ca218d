import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CredentialFiles } from './readUserCredential.ts'

/** Whose files are meant where no option names them. */
export interface UserPlace {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly uid: number
}

/** An environment variable; an empty one counts as unset. */
function variable({ env }: UserPlace, name: string): string | undefined {
  const value = env[name]
  return value === '' ? undefined : value
}

/** The proxy file: X509_USER_PROXY, else /tmp/x509up_uUID. */
export function defaultProxyFile(place: UserPlace): string {
  return variable(place, 'X509_USER_PROXY') ?? `/tmp/x509up_u${place.uid}`
}

/** CAs: X509_CERT_DIR, else /etc/grid-security/certificates. */
export function defaultCertDir(place: UserPlace): string {
  return variable(place, 'X509_CERT_DIR') ?? '/etc/grid-security/certificates'
}

/** LSC files: X509_VOMS_DIR, else /etc/grid-security/vomsdir. */
export function defaultVomsdir(place: UserPlace): string {
  return variable(place, 'X509_VOMS_DIR') ?? '/etc/grid-security/vomsdir'
}

/** vomses files and folders: those of X509_VOMSES or VOMS_USERCONF alone, else the usual ones that exist. */
export function defaultVomses(place: UserPlace): readonly string[] {
  const named = variable(place, 'X509_VOMSES') ?? variable(place, 'VOMS_USERCONF')
  if (named !== undefined) return [named]
  const usual = [join(place.home, '.glite/vomses'), join(place.home, '.voms/vomses'), '/etc/vomses']
  return usual.filter(path => existsSync(path))
}

/**
 * The user's credential: X509_USER_CERT and X509_USER_KEY, else ~/.globus/usercert.pem and userkey.pem, else
 * ~/.globus/usercred.p12, and for root the host's own. Names the first of them where none exists.
 */
export function defaultCredential(place: UserPlace): CredentialFiles {
  const globus = join(place.home, '.globus')
  const usual = { certificate: join(globus, 'usercert.pem'), key: join(globus, 'userkey.pem') }
  const pkcs12 = join(globus, 'usercred.p12')
  const host = {
    certificate: '/etc/grid-security/hostcert.pem',
    key: '/etc/grid-security/hostkey.pem',
  }
  const named = variable(place, 'X509_USER_CERT')
  const namedKey = variable(place, 'X509_USER_KEY')
  if (named !== undefined) return { certificate: named, key: namedKey ?? siblingKey(named, usual) }
  if (existsSync(usual.certificate)) return { ...usual, key: namedKey ?? usual.key }
  if (existsSync(pkcs12)) return { certificate: pkcs12, key: pkcs12 }
  return place.uid === 0 && existsSync(host.certificate) ? host : usual
}

/** The key of a certificate that was named alone: in the same file (proxies, PKCS#12), or where keys usually are. */
export function siblingKey(certificate: string, usual: CredentialFiles): string {
  return certificate === usual.certificate ? usual.key : certificate
}
