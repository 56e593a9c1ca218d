// The load of many members: each asks over a fresh TLS connection with a certificate of his own, made when he first asks
// and kept, all with one key. A process of its own, kept for all rounds so that the certificates are:
//   node bench/load/memberClient.ts '{"members":N,"vos":[{"name":...,"port":N}],"now":N,"seed":N}'
// takes MemberRun messages over IPC and answers each with a LoadResult. A wrong answer ends it with status 1.
import { createSecureContext } from 'node:tls'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { toHex } from '../../native-free/bytes/hex.ts'
import { issueEec } from '../../test/pki/issueEec.ts'
import { newKey, privateKeyPem } from '../../test/pki/keys.ts'
import { askOnce } from './askOnce.ts'
import { benchCa, benchDates } from './benchCa.ts'
import { createZipf } from './createZipf.ts'
import { runLanes } from './runLanes.ts'
import { groupOf, memberDn, serialOf, voOf } from './scaleMembers.ts'

export interface MemberParameters {
  readonly members: number
  readonly vos: readonly { readonly name: string; readonly port: number }[]
  /** Seconds since the epoch. */
  readonly now: number
  readonly seed: number
}

export interface MemberRun {
  readonly count: number
  readonly connections: number
  /** This one alone; otherwise drawn from all. */
  readonly member?: number
}

const { members, vos, now, seed } = JSON.parse(process.argv[2] ?? '{}') as MemberParameters
const ca = benchCa(now)
const key = newKey('p256')
const keyPem = privateKeyPem(key)
const draw = createZipf(members, seed)
const certificates = new Map<number, string>()
let asked = 0

/** Every so many answers are decoded: whose AC is it, and does it grant what that member holds? */
const DECODED = 25

function certificateOf(member: number): string {
  const known = certificates.get(member)
  if (known !== undefined) return known
  const vo = voOf(member, vos).name
  const options = { subject: memberDn(vo, member), serial: serialOf(member), key, ...benchDates(now) }
  const { pem } = issueEec(ca, options)
  certificates.set(member, pem)
  return pem
}

async function ask(member: number): Promise<void> {
  const { name, port } = voOf(member, vos)
  const request = `GET /generate-ac?lifetime=43200 HTTP/1.1\r\nHost: voms.example.org\r\n\r\n`
  const secureContext = createSecureContext({ cert: certificateOf(member), key: keyPem })
  const text = await askOnce({ port, secureContext, request, expect: '</ac></vo' })
  if (asked++ % DECODED === 0) prove(text, name, member)
}

function prove(text: string, vo: string, member: number): void {
  const base64 = /<ac>([^<]*)<\/ac>/.exec(text)?.[1] ?? ''
  const { holderSerial, fqans } = decodeAc(new Uint8Array(Buffer.from(base64, 'base64')))
  const wanted = [`/${vo}`, groupOf(vo, member, vos.length)].map(path => `${path}/Role=NULL/Capability=NULL`)
  if (BigInt(`0x${toHex(holderSerial)}`) !== BigInt(serialOf(member)) || fqans.join() !== wanted.join()) {
    throw new Error(`another AC than that of member ${member}: ${toHex(holderSerial)}, ${fqans.join()}`)
  }
}

process.on('message', ({ count, connections, member }: MemberRun) => {
  runLanes(count, connections, () => ask(member ?? draw())).then(
    result => process.send?.({ ...result, distinct: certificates.size }),
    cause => {
      console.error(cause)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))
