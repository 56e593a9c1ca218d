import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBER, type OctetString, Sequence } from 'asn1js'
import { Certificate } from 'pkijs'
import { runOk } from './run.ts'
import type { Credential } from './world.ts'

const AC_LIST = '1.3.6.1.4.1.8005.100.100.5'

/** DER of every block of one kind in a PEM file, in order. */
export function pemBlocks(text: string, label: string): Uint8Array[] {
  const blocks = text.matchAll(new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`, 'g'))
  return [...blocks].map(([, base64]) => new Uint8Array(Buffer.from(base64!, 'base64')))
}

/** The ACs in the first certificate of a proxy file; none when there is no such file or no such extension. */
export async function acsOfProxyFile(file: string): Promise<Uint8Array[]> {
  if (!existsSync(file)) return []
  const [leaf] = pemBlocks(await readFile(file, 'latin1'), 'CERTIFICATE')
  if (leaf === undefined) return []
  const extension = Certificate.fromBER(leaf).extensions?.find(({ extnID }) => extnID === AC_LIST)
  return extension === undefined ? [] : acsOfExtension(extension.extnValue)
}

/** SEQUENCE { SEQUENCE OF AttributeCertificate } */
function acsOfExtension(value: OctetString): Uint8Array[] {
  const outer = fromBER(value.valueBlock.valueHexView).result
  const [list] = outer instanceof Sequence ? outer.valueBlock.value : []
  if (!(list instanceof Sequence)) throw new Error('the AC extension is not a sequence of a sequence')
  return list.valueBlock.value.map(ac => new Uint8Array(ac.valueBeforeDecodeView))
}

/** Makes an RFC 3820 proxy of a user with openssl, carrying ACs if any are given, and returns its file. */
export async function makeProxyFile(
  folder: string,
  user: Credential,
  acs: readonly Uint8Array[] = [],
): Promise<string> {
  const [request, key, certificate, profile, file] = ['req', 'key', 'pem', 'cnf', 'proxy'].map(suffix =>
    join(folder, `base-proxy.${suffix}`),
  ) as [string, string, string, string, string]
  const list = new Sequence({
    value: [new Sequence({ value: acs.map(ac => fromBER(ac).result) })],
  })
  const acLine = `${AC_LIST} = DER:${Buffer.from(list.toBER()).toString('hex')}`
  const lines = [
    // The C++ client signs with no proxy that lacks it.
    'subjectKeyIdentifier = hash',
    'keyUsage = critical, digitalSignature',
    'proxyCertInfo = critical, language:id-ppl-inheritAll',
  ]
  await writeFile(profile, [...lines, ...(acs.length > 0 ? [acLine] : []), ''].join('\n'))
  await runOk('openssl', [
    ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', `${user.subject}/CN=4711`],
    ...['-keyout', key, '-out', request, '-batch', '-utf8'],
  ])
  await runOk('openssl', [
    ...['x509', '-req', '-in', request, '-CA', user.certificate, '-CAkey', user.key, '-days', '1'],
    ...['-set_serial', '4711', '-extfile', profile, '-out', certificate],
  ])
  const parts = await Promise.all([certificate, key, user.certificate].map(part => readFile(part, 'latin1')))
  await writeFile(file, parts.join(''), { mode: 0o600 })
  return file
}
