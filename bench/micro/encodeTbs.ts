// What one AC costs besides its signature: encode, lint, prepare, assemble, base64 and XML of a typical AC (6 FQANs,
// 2 attributes). Run: node bench/micro/encodeTbs.ts [--json] [--rounds N] [--count N]
import { assemble } from '../../native-free/ac/assemble.ts'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { encodeTbs } from '../../native-free/ac/encodeTbs.ts'
import type { AcContent } from '../../native-free/ac/types.ts'
import { toHex } from '../../native-free/bytes/hex.ts'
import { lintTbs } from '../../native-free/lint/lintTbs.ts'
import { formatRestAnswer } from '../../native-free/wire/restAnswer.ts'
import { holdsLintedBytes, prepare } from '../../src/issue/prepare.ts'
import { createProfile } from '../../src/issue/profile.ts'
import { randomSerials } from '../../src/issue/serial.ts'
import { createAcIssuer, profileConfig } from '../../test/fakes/acIssuer.ts'
import { fixedClock, fixedSerials, grantOf, NOW } from '../../test/fakes/grant.ts'
import { readAcIndependently } from '../../test/independent/readAc.ts'
import { readOptions, whole } from '../commandLine.ts'
import { WHOLE_ENCODING } from '../figures.ts'
import { printResult } from '../printResult.ts'
import { timeSteps } from './timeSteps.ts'

const values = readOptions('node bench/micro/encodeTbs.ts [options]', {
  rounds: { value: '15', about: 'interleaved rounds of every step' },
  count: { value: '5000', about: 'times a round' },
})
const rounds = whole(values.rounds, 'rounds', 1, 1000)
const count = whole(values.count, 'count', 1, 1_000_000)

const profile = createProfile(profileConfig(createAcIssuer()))
const grant = grantOf({
  fqans: ['', '/G1', '/G1/Role=R1', '/G2', '/G2/G3', '/production'].map(path =>
    path.includes('Role') ? `/vo.0${path}/Capability=NULL` : `/vo.0${path}/Role=NULL/Capability=NULL`,
  ),
  attributes: [
    { name: 'nickname', value: 'test0', qualifier: 'vo.0' },
    { name: 'queue', value: 'long', qualifier: '/vo.0/G1' },
  ],
})
const content: AcContent = {
  holderName: grant.holder.subject,
  holderSerial: grant.holder.serial,
  serial: fixedSerials.next(),
  notBefore: NOW,
  notAfter: NOW + 43_200,
  fqans: grant.fqans,
  attributes: grant.attributes,
  targets: [],
}
const signature = new Uint8Array(256).fill(0xa5)
const tbs = encodeTbs(profile.template, content)
const ac = assemble(tbs, profile.algorithm, signature)
const answer = () => formatRestAnswer({ ac, list: undefined, warnings: [], error: undefined })

// Proof before timing: two readers agree on what was encoded, the lint passes it and finds a planted fault.
const read = await readAcIndependently(ac)
if (read.fqans.join() !== content.fqans.join()) throw new Error('the independent reader reads other FQANs')
if (JSON.stringify(read.attributes) !== JSON.stringify(content.attributes))
  throw new Error('other attributes')
if (toHex(decodeAc(ac).acinfo) !== toHex(tbs)) throw new Error('decodeAc reads other bytes')
if (lintTbs(tbs, profile.expectations).length > 0) throw new Error('the lint finds faults')
const planted = tbs.slice()
planted[planted.length - 1]! ^= 1
if (lintTbs(planted, profile.expectations).length !== 1) throw new Error('the lint misses a planted fault')
if (!holdsLintedBytes(ac, prepare(grant, profile, fixedClock, fixedSerials)))
  throw new Error('other bytes prepared')
const inXml = /<ac>([^<]*)<\/ac>/.exec(new TextDecoder().decode(answer()))?.[1] ?? ''
if (!Buffer.from(inXml, 'base64').equals(ac)) throw new Error('the XML holds another AC')

const steps = {
  encode: () => encodeTbs(profile.template, content).length,
  lint: () => lintTbs(tbs, profile.expectations).length,
  'prepare (serial, validity, encode, lint, copy)': () =>
    prepare(grant, profile, fixedClock, randomSerials).tbs.length,
  assemble: () => assemble(tbs, profile.algorithm, signature).length,
  'base64 and XML': () => answer().length,
  [WHOLE_ENCODING]: () => {
    const bytes = encodeTbs(profile.template, content)
    const findings = lintTbs(bytes, profile.expectations).length
    return findings + assemble(bytes, profile.algorithm, signature).length + answer().length
  },
}

const rows = await timeSteps(steps, { rounds, count })
printResult({ benchmark: 'encodeTbs', octets: ac.length, node: process.version, rows }, values.json)
