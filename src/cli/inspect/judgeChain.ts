import { createPrivateKey, X509Certificate } from 'node:crypto'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { onelineF1 } from '../../../native-free/dn/oneline.ts'
import type { Certificate } from '../../../native-free/x509/certificate.ts'
import { isoTime } from '../../formatTime.ts'
import { ownVerdict, type Verdict } from './inspection.ts'
import { readIndependently } from './readIndependently.ts'

/** Verdicts on the certificates of a file: dates, signatures among them, and the private key. */
export async function judgeChain(
  certificates: readonly Certificate[],
  keyPem: string | undefined,
  now: number,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  for (const certificate of certificates) {
    const name = onelineF1(certificate.subject)
    verdicts.push(judgeDates(certificate, name, now), await judgeSignature(certificate, name, certificates))
  }
  if (keyPem !== undefined) verdicts.push(judgeKey(certificates[0]!, keyPem))
  return verdicts
}

function judgeDates({ notBefore, notAfter }: Certificate, name: string, now: number): Verdict {
  if (now < notBefore) return ownVerdict('dates', false, `${name}: not valid before ${isoTime(notBefore)}`)
  if (now >= notAfter) return ownVerdict('dates', false, `${name}: expired at ${isoTime(notAfter)}`)
  return ownVerdict('dates', true, name)
}

/** By the certificates of the same file that bear the issuer's name. */
async function judgeSignature(
  certificate: Certificate,
  name: string,
  among: readonly Certificate[],
): Promise<Verdict> {
  const named = among.filter(one => one.subject.canonical === certificate.issuer.canonical)
  const issuer = named.find(one => verifies(certificate, one)) ?? named[0]
  const theirs = await readIndependently('certificate', certificate.der, issuer?.der)
  if (theirs.problem !== undefined) {
    return {
      check: 'signature',
      vouchd: 'unchecked',
      pkijs: 'bad',
      remark: `${name}: pkijs: ${theirs.problem}`,
    }
  }
  return {
    check: 'signature',
    vouchd: issuer === undefined ? 'unchecked' : verifies(certificate, issuer) ? 'good' : 'bad',
    pkijs: theirs.signature,
    remark: issuer === undefined ? `${name}: its issuer is not in the file` : name,
  }
}

function verifies(child: Certificate, issuer: Certificate): boolean {
  try {
    return new X509Certificate(child.der).verify(new X509Certificate(issuer.der).publicKey)
  } catch {
    return false
  }
}

function judgeKey(leaf: Certificate, keyPem: string): Verdict {
  if (keyPem.includes('ENCRYPTED'))
    return ownVerdict('private key', undefined, 'is protected by a passphrase')
  try {
    const good = new X509Certificate(leaf.der).checkPrivateKey(createPrivateKey(keyPem))
    return ownVerdict(
      'private key',
      good,
      good ? 'belongs to the first certificate' : 'is that of another certificate',
    )
  } catch {
    return ownVerdict('private key', false, 'cannot be read')
  }
}

/** A certificate file repeats certificates now and then; each is judged once. */
export function distinct(certificates: readonly Certificate[]): Certificate[] {
  return certificates.filter(
    (certificate, index) => certificates.findIndex(one => bytesEqual(one.der, certificate.der)) === index,
  )
}
