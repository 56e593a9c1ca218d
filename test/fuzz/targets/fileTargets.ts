import { parse as parseTomlText, TomlError } from 'smol-toml'
import { keyOfString } from '../../../native-free/dn/keyOfString.ts'
import { MAX_RULES } from '../../../native-free/policy/decodePolicyText.ts'
import { parseNamespaces } from '../../../native-free/policy/parseNamespaces.ts'
import { parseSigningPolicy } from '../../../native-free/policy/parseSigningPolicy.ts'
import type { PolicyFile } from '../../../native-free/proxy/types.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { formatLsc, lscReadings, parseLsc } from '../../../native-free/vomses/lsc.ts'
import { formatVomsesLine, parseVomses } from '../../../native-free/vomses/vomses.ts'
import { DumpError } from '../../../src/adopt/DumpError.ts'
import { MysqldumpReader } from '../../../src/adopt/mysqldump.ts'
import { createVomsdir } from '../../../src/authenticate/trust/createVomsdir.ts'
import { type InspectOptions, inspectFile } from '../../../src/cli/inspect/inspectFile.ts'
import { formatVerdicts, ownVerdict } from '../../../src/cli/inspect/inspection.ts'
import { ConfigError } from '../../../src/config/ConfigError.ts'
import { checkConfig } from '../../../src/config/checkConfig.ts'
import { parseVomsConf } from '../../../src/config/parseVomsConf.ts'
import { orRefusal, outcomeOfRead } from '../outcomeOf.ts'
import type { Random } from '../random.ts'
import { readCorpus, readVectors } from '../readCorpus.ts'
import { type FuzzTarget, insist, type Outcome, octets } from '../target.ts'

const SUBJECTS = ['/C=IT/O=G/CN=u', '/DC=org/DC=g/CN=x/emailAddress=a@b', `/CN=${'a'.repeat(2000)}`].map(
  keyOfString,
)

function runPolicy(input: Uint8Array, parse: (file: Uint8Array) => PolicyFile): Outcome {
  return outcomeOfRead(
    () => parse(input),
    ({ rules }) => {
      insist(rules.length <= MAX_RULES, 'more rules than the bound')
      for (const rule of rules.slice(0, 50)) for (const subject of SUBJECTS) rule.matches(subject)
    },
  )
}

function runVomsConf(input: Uint8Array): Outcome {
  const { options, refusals } = parseVomsConf(utf8.decode(input))
  insist(options.length + refusals.length <= 1001, 'more options than the bound')
  insist(
    options.every(({ name, value }) => /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) && value !== ''),
    'an option without a name, or with an empty value',
  )
  return refusals[0]?.code ?? 'accepted'
}

const utf8 = new TextDecoder()

function runLsc(input: Uint8Array): Outcome {
  return outcomeOfRead(
    () => parseLsc(utf8.decode(input)),
    chains => {
      for (const chain of chains) {
        insist(chain.length >= 2, 'a chain of fewer than two')
        for (const pairs of lscReadings(chain).slice(0, 1)) {
          const text = orRefusal(() => formatLsc(pairs))
          if (text instanceof Refusal || pairs.length * 2 !== chain.length) continue
          insist(
            JSON.stringify(parseLsc(text)) === JSON.stringify([chain]),
            'written and read again, it is another',
          )
        }
      }
    },
  )
}

function runVomses(input: Uint8Array): Outcome {
  const { entries, refusals } = parseVomses(utf8.decode(input))
  for (const entry of entries) {
    const line = orRefusal(() => formatVomsesLine(entry))
    if (line instanceof Refusal) continue
    insist(
      JSON.stringify(parseVomses(line).entries) === JSON.stringify([entry]),
      'written and read again, it is another',
    )
  }
  return refusals[0]?.code ?? 'accepted'
}

/** As readConfig() does with the text of a file. */
function runToml(input: Uint8Array): Outcome {
  try {
    const config = checkConfig(parseTomlText(utf8.decode(input)), '/etc/vouchd')
    insist(Object.isFrozen(config) && config.vos.length > 0, 'not frozen, or without a VO')
    return 'accepted'
  } catch (thrown) {
    if (thrown instanceof TomlError) return 'TOML'
    if (!(thrown instanceof ConfigError)) throw thrown
    insist(
      thrown.faults.every(({ problem, advice }) => problem !== '' && advice !== ''),
      'a fault without words',
    )
    return 'CONFIG'
  }
}

/** However it is cut, a dump has the same rows. */
function runDump(input: Uint8Array, random: Random): Outcome {
  const at = random.below(input.length + 1)
  const one = readDump([input])
  const other = readDump([input.subarray(0, at), input.subarray(at)])
  insist(one === other, `cut at ${at}, it is another: ${other.slice(0, 200)}`)
  return one.startsWith('[') ? 'accepted' : one
}

function readDump(parts: readonly Uint8Array[]): string {
  const reader = new MysqldumpReader()
  try {
    const rows = parts.flatMap(part => reader.push(part))
    reader.end()
    return JSON.stringify(rows.map(({ table, values, line }) => [table.name, values, line]))
  } catch (thrown) {
    if (!(thrown instanceof DumpError)) throw thrown
    return thrown.code
  }
}

const NO_FOLDER = new URL('./none', import.meta.url).pathname
const INSPECT_OPTIONS: InspectOptions = {
  path: '/tmp/proxy',
  vomsdir: createVomsdir(NO_FOLDER, () => {}),
  judgePath: check => ownVerdict(check, undefined),
  now: Date.UTC(2026, 5, 1) / 1000,
}

/** What `vouchd inspect` prints of a file moves no cursor and hides nothing. */
async function runInspect(input: Uint8Array): Promise<Outcome> {
  try {
    const { text, kind, verdicts } = await inspectFile(input, INSPECT_OPTIONS)
    const shown = text + formatVerdicts(verdicts)
    insist(
      !/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]/.test(shown),
      'it steers the terminal',
    )
    return kind
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    return thrown.code
  }
}

const DN_WORDS = [
  '/CN=',
  '/C=IT/O=G/CN=CA',
  '*',
  '?',
  "'",
  '"',
  '\\',
  '#',
  '\n',
  ' ',
  '\t',
  '\x00',
  '.*',
  '\ue000',
]

export const fileTargets: readonly FuzzTarget[] = [
  {
    name: 'signingPolicy',
    corpus: readCorpus('signingPolicy'),
    words: [
      ...[
        'access_id_CA',
        'access_id_ANYBODY',
        'X509',
        'pos_rights',
        'neg_rights',
        'globus',
        'CA:sign',
        'cond_subjects',
      ],
      ...DN_WORDS,
    ].map(octets),
    run: input => runPolicy(input, parseSigningPolicy),
  },
  {
    name: 'namespaces',
    corpus: readCorpus('namespaces'),
    words: [
      ...[
        'TO',
        'ISSUER',
        'SELF',
        'PERMIT',
        'DENY',
        'SUBJECT',
        '#NAMESPACES-VERSION: 1.0',
        '\\\n',
        '^',
        '$',
        '|',
      ],
      ...DN_WORDS,
    ].map(octets),
    run: input => runPolicy(input, parseNamespaces),
  },
  {
    name: 'lsc',
    corpus: readCorpus('lsc'),
    words: ['------ NEXT CHAIN ------\n', ...DN_WORDS].map(octets),
    run: runLsc,
  },
  {
    name: 'vomses',
    corpus: readCorpus('vomses'),
    words: ['" "', '15000', '0', '65536', ...DN_WORDS].map(octets),
    run: runVomses,
  },
  {
    name: 'toml',
    corpus: readCorpus('toml'),
    words: [
      ...[
        '[',
        ']',
        '[[vo]]',
        '=',
        '"',
        '"""',
        "'",
        '{',
        '}',
        'true',
        '1e999',
        '0x',
        '-1',
        '9007199254740993',
        'inf',
      ],
      ...[
        '__proto__',
        'constructor',
        '[store]',
        'kind = "postgres"',
        '1979-05-27T07:32:00Z',
        '\\u0000',
        '#',
        '\n',
        '.',
      ],
    ].map(octets),
    run: runToml,
    weight: 10,
  },
  {
    name: 'vomsConf',
    corpus: readCorpus('vomsConf'),
    words: [
      '--',
      '-',
      '=',
      '#',
      ' ',
      '\n',
      '--vo=',
      '--port=',
      '--shortfqans',
      '--code=',
      '\0',
      '\u00a0',
    ].map(octets),
    run: runVomsConf,
  },
  {
    name: 'dump',
    corpus: readVectors('dumps', file => file.endsWith('.sql')),
    words: [
      ...[
        "'",
        '\\',
        '`',
        '(',
        ')',
        ',',
        ';',
        '--',
        '/*',
        '/*!40101',
        '*/',
        'NULL',
        "b'1'",
        '0x41',
        '_binary',
        '\0',
      ],
      ...[
        'INSERT INTO `usr` VALUES',
        'CREATE TABLE `a` (',
        'DELIMITER ;;\n',
        'SET NAMES binary;',
        '-- Dump completed',
      ],
    ].map(octets),
    run: runDump,
    weight: 10,
  },
  {
    name: 'inspect',
    corpus: [
      ...readCorpus('certificate'),
      ...readCorpus('crl'),
      ...readCorpus('lsc'),
      ...readCorpus('vomses'),
      ...readCorpus('restAnswer'),
      ...readVectors('ac', file => file.endsWith('.der')),
    ],
    words: ['\x1b[31m', '\u009b31m', '\u202e', '\r', '\b', '\x07'].map(octets),
    der: true,
    run: runInspect,
    weight: 50,
  },
]
