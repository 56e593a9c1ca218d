import { generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { signatureAlgorithm } from '../../native-free/ac/signatureAlgorithms.ts'
import { oid, sequence } from '../../native-free/der/writer.ts'
import { assembleCertificate, encodeProxyTbs } from '../../native-free/proxy/encodeProxy.ts'
import { OID } from '../../native-free/proxy/extensionOids.ts'
import { isProxyKind, kindOf, legacyPolicy } from '../../native-free/proxy/kindOf.ts'
import { POLICY_LANGUAGE, parseProxyCertInfo } from '../../native-free/proxy/proxyCertInfo.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { encodePem } from '../../native-free/x509/pem.ts'
import { ClientError } from './ClientError.ts'
import type { UserCredential } from './UserCredential.ts'

export type ProxyKey = { readonly kind: 'rsa'; readonly bits: number } | { readonly kind: 'ec' }

export interface MakeProxyOptions {
  readonly key: ProxyKey
  /** Seconds; cut where the credential ends earlier. */
  readonly lifetimeSeconds: number
  readonly limited: boolean
  /** How many proxies may be made from this one; undefined: any number. */
  readonly pathLength: number | undefined
  /** DER of the ACs to carry. */
  readonly acs: readonly Uint8Array[]
  /** Seconds since the epoch. */
  readonly now: number
  randomBytes(count: number): Uint8Array
}

/** A proxy with its key and everything that a proxy file holds. */
export interface MadeProxy {
  readonly certificate: Certificate
  /** PEM: proxy, its key in the form that every grid tool reads, and the chain it was made from. */
  readonly file: string
  /** Earliest end of the proxy and its chain, seconds since the epoch. */
  readonly validUntil: number
  readonly isShortened: boolean
}

/** Clocks of services may be behind ours by this much. */
const BACKDATE_SECONDS = 300
/** As many octets as the serials of current clients have. */
const SERIAL_OCTETS = 4

const generate = promisify(generateKeyPair)

/**
 * Makes an RFC 3820 proxy of a credential, with a key of its own. Throws ClientError 'proxy' where the credential
 * allows no such proxy: it has ended, permits no further one, or is limited while a full one is wanted.
 */
export async function makeProxy(issuer: UserCredential, options: MakeProxyOptions): Promise<MadeProxy> {
  const [leaf] = issuer.certificates
  const { now } = options
  checkIssuer(issuer, options)
  const ends = Math.min(...issuer.certificates.map(({ notAfter }) => notAfter))
  const wanted = now + options.lifetimeSeconds
  const notAfter = Math.min(wanted, ends)
  const { publicKey, privateKey } = await newKey(options.key)
  const algorithm = algorithmOf(issuer.key)
  const tbs = encodeProxyTbs({
    issuer: leaf,
    serial: serialFrom(options.randomBytes(SERIAL_OCTETS)),
    notBefore: Math.max(now - BACKDATE_SECONDS, leaf.notBefore),
    notAfter,
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    isRsa: options.key.kind === 'rsa',
    limited: options.limited,
    pathLength: options.pathLength,
    acs: options.acs,
    signatureAlgorithm: algorithm.der,
  })
  const signature = sign(algorithm.digest, tbs, issuer.key)
  const der = assembleCertificate(tbs, algorithm.der, signature)
  return {
    certificate: parseCertificate(der),
    file: [
      encodePem('CERTIFICATE', der),
      keyPem(privateKey),
      ...issuer.certificates
        .filter(certificate => kindOf(certificate) !== 'ca')
        .map(certificate => encodePem('CERTIFICATE', certificate.der)),
    ].join(''),
    validUntil: notAfter,
    isShortened: notAfter < wanted,
  }
}

function newKey(key: ProxyKey): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return key.kind === 'rsa'
    ? generate('rsa', { modulusLength: key.bits })
    : generate('ec', { namedCurve: 'prime256v1' })
}

/** PKCS#1 and SEC 1 rather than PKCS#8: tools that were written for the older forms read no other. */
function keyPem(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
  return key.export({ type, format: 'pem' }) as string
}

function serialFrom(random: Uint8Array): Uint8Array {
  return random.every(octet => octet === 0) ? Uint8Array.of(1) : random
}

function checkIssuer(issuer: UserCredential, { limited, now }: MakeProxyOptions): void {
  for (const certificate of issuer.certificates) {
    if (now > certificate.notAfter) {
      const what = isProxyKind(kindOf(certificate)) ? 'the proxy that you sign with' : 'your certificate'
      throw new ClientError(
        'proxy',
        `${what} has expired`,
        'get a new one, or check the clock of this machine',
      )
    }
  }
  const proxies = issuer.certificates.filter(certificate => isProxyKind(kindOf(certificate)))
  if (proxies.some(certificate => kindOf(certificate) !== 'rfc')) {
    throw new ClientError('proxy', 'your proxy is of an old kind, of which no RFC 3820 proxy can be made')
  }
  if (!limited && proxies.some(isLimited)) {
    throw new ClientError('proxy', 'your proxy is limited, and so is every proxy of it', 'use --limited')
  }
  if (proxies.some((proxy, below) => proxyInfo(proxy).pathLength <= below)) {
    throw new ClientError('proxy', 'your proxy allows no further proxy to be made from it')
  }
}

function isLimited(certificate: Certificate): boolean {
  if (kindOf(certificate) === 'legacy') return legacyPolicy(certificate) === 'limited'
  return proxyInfo(certificate).language === POLICY_LANGUAGE.limited
}

function proxyInfo(certificate: Certificate) {
  return parseProxyCertInfo(certificate.extensions.find(one => one.oid === OID.rfcProxy)!.value, 'rfc')
}

/** What the issuer's key signs with: SHA-256, or what its kind brings along. */
function algorithmOf(key: KeyObject): { readonly der: Uint8Array; readonly digest: string | null } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return signatureAlgorithm('rsa', 'sha256')
    case 'ec':
      return signatureAlgorithm('ec', 'sha256')
    case 'ed25519':
      return { der: sequence(oid('1.3.101.112')), digest: null }
    default:
      throw new ClientError('proxy', `no proxy can be made with a key of the kind ${key.asymmetricKeyType}`)
  }
}
