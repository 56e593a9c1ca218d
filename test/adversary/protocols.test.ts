import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseLegacyAnswer } from '../../native-free/wire/legacyAnswer.ts'
import { parseRestAnswer } from '../../native-free/wire/restAnswer.ts'
import { askLegacy, ca, type Daemon, LONG, startDaemon, talk, userNamed } from '../e2e/daemon.ts'
import { issueEec } from '../pki/issueEec.ts'
import { otherCa } from './openCourt.ts'

const member = userNamed('test0')
const suspended = userNamed('test2')

/** What a directory may hold as the reason of a suspension. */
const REASON =
  'gone\r\nX-Injected: 1\r\n\r\n</message></error><ac>QUJD\n</ac>]]><!-- &lt; \u009b31m\x1b[2J \u202e -->'

let daemon: Daemon
beforeAll(async () => {
  daemon = await startDaemon()
  const db = await daemon.database()
  await db.query(`update vouchd.member set suspended_reason = $1 where source_id = '2'`, [REASON])
  await db.close()
})
afterAll(() => daemon?.stop())

const REST = 'GET /generate-ac?fqans=/vo.0 HTTP/1.1\r\nHost: h\r\n\r\n'
const BARE = 'GET /generate-ac?fqans=/vo.0 HTTP/1.0\nHost: h\n\n'
const LEGACY = '<?xml version="1.0"?><voms><command>G/vo.0</command><base64>1</base64></voms>'

/** One answer, in which protocol, and whether it grants. */
async function answerTo(request: string): Promise<string> {
  const text = await talk(daemon.port(), [member], request)
  expect(text.match(/<\?xml/g) ?? []).toHaveLength(text === '' ? 0 : 1)
  if (text === '') return 'nothing'
  const isRest = text.startsWith('HTTP/1.1 ')
  if (isRest) expectHead(text)
  const body = Buffer.from(isRest ? text.slice(text.indexOf('\r\n\r\n') + 4) : text, 'latin1')
  const answer = (isRest ? parseRestAnswer : parseLegacyAnswer)(body)
  return `${isRest ? text.slice(9, 12) : 'legacy'} ${answer.ac === undefined ? answer.errors[0]!.code : 'ac'}`
}

/** The fields that an answer has, each once, and the length of what follows. */
function expectHead(text: string): void {
  const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)]
  const [, ...fields] = head.split('\r\n')
  const names = fields.map(field => field.split(':')[0])
  const others = names.filter(name => name !== 'Allow' && name !== 'Retry-After')
  expect(others).toEqual(['Content-Type', 'Content-Length', 'Connection'])
  expect(fields).toContain('Connection: close')
  expect(fields).toContain(`Content-Length: ${body.length}`)
}

describe('the first octets decide, and nothing after them', () => {
  it.each([
    ['REST', REST, '200 ac'],
    ['REST with bare line feeds', BARE, '200 ac'],
    ['legacy', LEGACY, 'legacy ac'],
    ['REST after 0', `0${REST}`, '200 ac'],
    ['legacy after 0', `0${LEGACY}`, 'legacy ac'],
    ['REST after many 0', `${'0'.repeat(64)}${REST}`, '200 ac'],
    ['legacy after 0 and line ends', `0\r\n 0\n${LEGACY}`, 'legacy ac'],
    ['more 0 than any client sends', `${'0'.repeat(65)}${REST}`, 'legacy 1005'],
    ['0x30 written out', `\\x30${REST}`, 'legacy 1005'],
    ['a NUL first', `\0${REST}`, 'legacy 1005'],
    ['a byte order mark first', `\xef\xbb\xbf${LEGACY}`, 'legacy 1005'],
    ['a method in lower case', REST.replace('GET', 'get'), 'legacy 1005'],
    ['a method that is none', REST.replace('GET', 'GETGETGETGETGETGET'), 'legacy 1005'],
    [
      'legacy as the body of a POST',
      `POST /generate-ac HTTP/1.1\r\nHost: h\r\nContent-Length: ${LEGACY.length}\r\n\r\n${LEGACY}`,
      '405 BadRequest',
    ],
    ['legacy as the target', `GET ${LEGACY} HTTP/1.1\r\nHost: h\r\n\r\n`, '400 BadRequest'],
    ['legacy right after REST', REST + LEGACY, '200 ac'],
    ['REST right after legacy', LEGACY + REST, 'legacy ac'],
    ['REST twice', REST + REST, '200 ac'],
    ['legacy twice', LEGACY + LEGACY, 'legacy ac'],
    ['REST within legacy', `<voms><command>${REST}</command></voms>`, 'legacy 1001'],
    ['a target within legacy', '<voms><command>/generate-ac?fqans=/vo.0</command></voms>', 'legacy 1001'],
    ['HTTP/0.9, which is answered as HTTP/1.1', 'GET /generate-ac\r\n\r\n', '200 ac'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 BadRequest'],
    [
      'two lengths',
      'GET /generate-ac HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n',
      '400 BadRequest',
    ],
    [
      'a length and chunks',
      'POST /generate-ac HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '405 BadRequest',
    ],
    ['another method with the same target', REST.replace('GET', 'DELETE'), '405 BadRequest'],
    ['a method override', `${REST.slice(0, -2)}X-HTTP-Method-Override: DELETE\r\n\r\n`, '200 ac'],
    ['a proxied target', REST.replace('/generate-ac', 'http://elsewhere/generate-ac'), '200 ac'],
    ['a fragment', REST.replace('fqans=/vo.0', 'fqans=/vo.0#/vo.0/G9'), '400 BadRequest'],
    ['an encoded path', REST.replace('/generate-ac', '/generate%2Dac'), '404 BadRequest'],
    ['a path that climbs', REST.replace('/generate-ac', '/x/../generate-ac'), '404 BadRequest'],
    ['no command', '<voms></voms>', 'legacy 1005'],
    ['the answer of a server', '<vomsans><ac>QUJD\n</ac></vomsans>', 'legacy 1005'],
  ])('%s', async (_name, request, expected) => {
    expect(await answerTo(request)).toBe(expected)
  })
})

const INJECTED = [
  '%0d%0aX-Injected:%201',
  '%0d%0a%0d%0a%3Chtml%3E',
  '\u010d\u010a',
  '%E5%98%8A%E5%98%8DX-Injected:1',
  '%0aX-Injected:1',
  '%00',
  '</message></error><ac>QUJD%0a</ac>',
  '%3C/voms%3E%3Cvoms%3E',
  ']]>',
  '%26%23x3C;',
  '<!--',
]

describe('nothing that a client sends leaves its place in the answer', () => {
  const places = [
    (text: string) => `/generate-ac?fqans=/${text}`,
    (text: string) => `/generate-ac?fqans=/vo.0&order=/${text}`,
    (text: string) => `/generate-ac?fqans=/vo.0&targets=${text}`,
    (text: string) => `/generate-ac?fqans=/vo.0&lifetime=${text}`,
    (text: string) => `/generate-ac?fqans=/vo.0&${text}=1`,
    (text: string) => `/${text}`,
  ]
  it.each(INJECTED)('%s', async text => {
    for (const place of places) {
      const request = `GET ${Buffer.from(place(text)).toString('latin1')} HTTP/1.1\r\nHost: h\r\n\r\n`
      const answer = await talk(daemon.port(), [member], request)
      expectHead(answer)
      expect(answer.match(/<ac>/g) ?? []).toHaveLength(answer.startsWith('HTTP/1.1 200') ? 1 : 0)
      parseRestAnswer(Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1'))
    }
  })

  it('in the command of the legacy protocol either', async () => {
    for (const text of [
      '&lt;/message&gt;&lt;/error&gt;&lt;ac&gt;QUJD&lt;/ac&gt;',
      ']]&gt;',
      '<![CDATA[</message><ac>]]>',
      '&#13;&#10;',
    ]) {
      const answer = await askLegacy(daemon.port(), [member], [`G/vo.0/${text}`], '<base64>1</base64>')
      expect(parseLegacyAnswer(Buffer.from(answer, 'latin1'))).toMatchObject({
        ac: undefined,
        errors: [{ number: 1001 }],
      })
      expect(answer).toMatch(/^[\t\n -~]*$/)
    }
  })
})

describe('what the directory says of a suspension', () => {
  it('stays one message over REST', async () => {
    const answer = await talk(daemon.port(), [suspended], REST)
    expectHead(answer)
    const { ac, errors } = parseRestAnswer(
      Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1'),
    )
    expect(ac).toBeUndefined()
    expect(errors).toHaveLength(1)
    expect(errors[0]!.message).toContain('</message></error><ac>QUJD\n</ac>]]><!-- &lt;')
    expect(errors[0]!.message).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
  })

  it('stays one message over the legacy protocol', async () => {
    const answer = await askLegacy(daemon.port(), [suspended], ['G/vo.0'])
    expect(parseLegacyAnswer(Buffer.from(answer, 'latin1'))).toMatchObject({
      ac: undefined,
      errors: [{ number: 1004 }],
    })
    expect(answer).toMatch(/^[\t\n -~]*$/)
  })
})

describe('XML of a client', () => {
  const nested = (depth: number) => `${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`
  const laughs = `<!DOCTYPE a [${Array.from({ length: 10 }, (_, n) => `<!ENTITY l${n} "${`&l${n - 1};`.repeat(10)}">`).join('')}]>`
  it.each([
    ['a document type', '<!DOCTYPE voms><voms><command>A</command></voms>'],
    [
      'an entity of a file',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><voms><command>&x;</command></voms>',
    ],
    [
      'an entity of another host',
      '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><voms><command>A</command></voms>',
    ],
    ['a parameter entity', '<!DOCTYPE a [<!ENTITY % p "x"> %p;]><voms><command>A</command></voms>'],
    ['entities of entities of entities', `${laughs}<voms><command>&l9;</command></voms>`],
    ['an entity that nobody declared', '<voms><command>&x;</command></voms>'],
    ['a reference to NUL', '<voms><command>A&#0;</command></voms>'],
    ['a reference to half a character', '<voms><command>A&#xD800;</command></voms>'],
    ['a reference beyond Unicode', '<voms><command>A&#x110000;</command></voms>'],
    ['depth', nested(5000)],
    ['UTF-16', '<?xml version="1.0" encoding="UTF-16"?><voms><command>A</command></voms>'],
    ['UTF-7', '<?xml version="1.0" encoding="UTF-7"?><voms><command>+AEE-</command></voms>'],
    [
      'XInclude',
      '<voms xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></voms>',
    ],
    ['a stylesheet', '<?xml-stylesheet href="http://127.0.0.1:1/"?><voms></voms>'],
    ['an attribute twice', '<voms a="1" a="2"><command>A</command></voms>'],
    ['overlapping elements', '<voms><command>A</voms></command>'],
    ['a second declaration', '<voms><?xml version="1.0"?><command>A</command></voms>'],
  ])('with %s is not understood', async (_name, document) => {
    expect(await answerTo(document)).toBe('legacy 1005')
  })

  it('with more elements than any request has is too large', async () => {
    const text = await talk(daemon.port(), [member], `<voms>${'<a/>'.repeat(5000)}</voms>`)
    expect(text).toContain('too large')
  })
})

describe('the log', () => {
  const longest = () => Math.max(...daemon.log.map(line => JSON.stringify(line).length))

  it('has short lines, however long the names in a certificate are', async () => {
    const name = issueEec(ca, { subject: `/C=IT/O=Test/CN=${'é'.repeat(30_000)}`, ...LONG })
    const rogue = issueEec(otherCa(`/CN=${'x'.repeat(30_000)}`), { subject: '/CN=x', ...LONG })
    for (const user of [name, rogue]) expect(await talk(daemon.port(), [user], REST)).toContain('<error>')
    expect(longest()).toBeLessThan(8000)
  })

  it('and however much is asked for', async () => {
    const fqans = Array.from({ length: 900 }, (_, n) => `/vo.0/${n}`).join(',')
    expect(await talk(daemon.port(), [member], REST.replace('/vo.0', fqans))).toContain('<error>')
    await askLegacy(daemon.port(), [member], [`G/${'y'.repeat(50_000)}`])
    expect(longest()).toBeLessThan(8000)
  })
})
