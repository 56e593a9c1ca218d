import { fromBase64, toBase64, toBase64Lines } from '../../../native-free/bytes/base64.ts'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { bytesToLatin1 } from '../../../native-free/bytes/latin1.ts'
import { keyOfName } from '../../../native-free/dn/keyOfName.ts'
import { keyOfString } from '../../../native-free/dn/keyOfString.ts'
import { nameFromOneline } from '../../../native-free/dn/nameFromOneline.ts'
import { onelineF0 } from '../../../native-free/dn/oneline.ts'
import { parseOneline } from '../../../native-free/dn/parseOneline.ts'
import { onelineFromRfc2253, toRfc2253 } from '../../../native-free/dn/rfc2253.ts'
import { unsafeName } from '../../../native-free/dn/unsafeName.ts'
import { formatFqan, parseFqan } from '../../../native-free/fqan/fqan.ts'
import { shortForm } from '../../../native-free/fqan/shortForm.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { fromVoms64, toVoms64 } from '../../../native-free/wire/voms64.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { decodePem, encodePem } from '../../../native-free/x509/pem.ts'
import { noteDifference } from '../differences.ts'
import { orRefusal, outcomeOfRead } from '../outcomeOf.ts'
import { readCorpus, readVectors } from '../readCorpus.ts'
import { type FuzzTarget, insist, type Outcome, octets } from '../target.ts'

const utf8 = new TextDecoder()
const lines = (files: readonly Uint8Array[]) =>
  files
    .flatMap(file => utf8.decode(file).split('\n'))
    .filter(line => line !== '')
    .map(octets)

const columns = (line: Uint8Array) => utf8.decode(line).split('\t').map(octets)

function runFqan(input: Uint8Array): Outcome {
  const text = utf8.decode(input)
  shortForm(text)
  return outcomeOfRead(
    () => parseFqan(text),
    fqan => {
      for (const form of ['long', 'short'] as const) {
        const again = parseFqan(formatFqan(fqan, form))
        insist(
          again.group === fqan.group && again.role === fqan.role,
          'written and read again, it is another',
        )
      }
      insist(shortForm(text) === formatFqan(fqan, 'short'), 'two short forms')
      insist(/^[!-~]+$/.test(text), 'it holds other than visible ASCII')
    },
  )
}

function runOneline(input: Uint8Array): Outcome {
  const text = utf8.decode(input)
  const key = keyOfString(text)
  insist(keyOfString(text.toUpperCase()) !== undefined, 'no key')
  return outcomeOfRead(
    () => parseName(nameFromOneline(text)),
    name => {
      parseOneline(text)
      insist(key === '' || key.startsWith('/'), 'the key of a DN without a slash')
      if (unsafeName(name) !== undefined) return
      const f0 = onelineF0(name)
      insist(keyOfString(f0) === keyOfName(name), 'the key of its text is not that of the name')
      insist(keyOfName(name) === key, 'the key of the name is not that of the text')
    },
  )
}

function runRfc2253(input: Uint8Array): Outcome {
  return outcomeOfRead(
    () => onelineFromRfc2253(utf8.decode(input)),
    f0 => {
      insist(/^[ -~]*$/.test(f0), 'a one-line form is not printable')
      const name = orRefusal(() => parseName(nameFromOneline(f0)))
      if (name instanceof Refusal || unsafeName(name) !== undefined) return
      insist(keyOfString(f0) === keyOfName(name), 'the key of its text is not that of the name')
      const again = orRefusal(() => onelineFromRfc2253(toRfc2253(name)))
      insist(
        again instanceof Refusal || keyOfString(again) === keyOfString(f0),
        'there and back, it is another',
      )
    },
  )
}

function runPem(input: Uint8Array): Outcome {
  return outcomeOfRead(
    () => decodePem(bytesToLatin1(input)),
    blocks => {
      const text = blocks.map(({ label, der }) => encodePem(label, der)).join('')
      const again = decodePem(text)
      insist(again.length === blocks.length, 'another number of blocks')
      for (const [n, { label, der }] of again.entries()) {
        insist(label === blocks[n]!.label && bytesEqual(der, blocks[n]!.der), 'another block')
      }
    },
  )
}

function runBase64(input: Uint8Array): Outcome {
  const text = bytesToLatin1(input)
  const ours = orRefusal(() => fromBase64(text))
  if (!(ours instanceof Refusal)) {
    insist(bytesEqual(fromBase64(toBase64(ours)), ours), 'there and back, it is another')
    insist(bytesEqual(fromBase64(toBase64Lines(ours)), ours), 'there and back in lines, it is another')
    insist(bytesEqual(Buffer.from(text, 'base64'), ours), 'Buffer reads other octets')
  } else if (/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0) {
    noteDifference({ target: 'base64', other: 'Buffer', ours: ours.code }, 'accepted')
  }
  return ours instanceof Refusal ? ours.code : 'accepted'
}

function runVoms64(input: Uint8Array): Outcome {
  const text = bytesToLatin1(input)
  return outcomeOfRead(
    () => fromVoms64(text),
    bytes => {
      insist(toVoms64(bytes) === text, 'written again, it is another')
    },
  )
}

export const textTargets: readonly FuzzTarget[] = [
  {
    name: 'fqan',
    corpus: lines(readVectors('fqan', file => file === 'valid.txt')).flatMap(columns),
    words: ['/', 'Role=', '/Role=NULL', '/Capability=NULL', 'NULL', '/Role=', '=', ':', '.', '..', ' '].map(
      octets,
    ),
    run: runFqan,
  },
  {
    name: 'dnOneline',
    corpus: lines(readCorpus('dnOneline')),
    words: ['/CN=', '/', '+', '\\', '\\x', '\\/', '\\+', '=', '/Email=', '/UID=', '1.2.3=', '\\xC3\\xA9'].map(
      octets,
    ),
    run: runOneline,
  },
  {
    name: 'dnRfc2253',
    corpus: lines(readCorpus('dnRfc2253')),
    words: [',', '+', ';', '=', '"', '\\', '\\,', '#0c01', 'CN=', 'OID.2.5.4.3=', '\\C3\\A9', ' '].map(
      octets,
    ),
    run: runRfc2253,
  },
  {
    name: 'pem',
    corpus: readCorpus('pem'),
    words: [
      '-----BEGIN CERTIFICATE-----\n',
      '-----END CERTIFICATE-----\n',
      '-----',
      '\n',
      '\r',
      '=',
      ':',
    ].map(octets),
    run: runPem,
  },
  {
    name: 'base64',
    corpus: ['', 'QQ==', 'QUI=', 'QUJD', 'QUJDRA', 'QUJD\nREVG\n', 'AAECAwQFBgcICQoLDA0ODw+/'].map(octets),
    words: ['=', '==', '\n', ' ', 'A', '/', '+', '-', '_', '\0'].map(octets),
    run: runBase64,
  },
  {
    name: 'voms64',
    corpus: ['', 'qq', 'abcdefgh', 'ABCD0123', '[]ab'].map(octets),
    words: ['[', ']', '=', '\n', 'a', '9'].map(octets),
    run: runVoms64,
  },
]
