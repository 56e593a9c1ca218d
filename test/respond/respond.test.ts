import { describe, expect, it } from 'vitest'
import type { IssueAnswer } from '../../native-free/wire/types.ts'
import { VomsError } from '../../src/errors.ts'
import type { Reply } from '../../src/respond/reply.ts'
import { respond, respondError } from '../../src/respond/respond.ts'

const text = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
const rest = (reply: Reply) => (reply.protocol === 'rest' ? reply : expect.unreachable())
const legacy = (reply: Reply) => text(reply.protocol === 'legacy' ? reply.document : expect.unreachable())

const granted: IssueAnswer = {
  ac: new Uint8Array([0x30, 0]),
  list: undefined,
  warnings: [{ number: 4, message: 'Unknown parameters in the request were ignored!' }],
  error: undefined,
}

describe('an AC over REST', () => {
  it('comes with status 200, also when there is a warning, and everything clients look for', () => {
    const reply = rest(respond({ protocol: 'rest', base64: true }, granted))
    expect(reply.status).toBe(200)
    expect(reply.headers).toEqual({
      'Content-Type': 'text/xml; charset=utf-8',
      'Content-Length': String(reply.body.length),
      Connection: 'close',
    })
    expect(text(reply.body)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><voms><ac>MAA=\n</ac>' +
        '<warning>Unknown parameters in the request were ignored!</warning></voms>',
    )
  })
})

describe('an AC over the legacy protocol', () => {
  it.each([
    { base64: true, ac: 'MAA=\n' },
    { base64: false, ac: 'maa' },
  ])('is coded as asked for: base64 $base64', ({ base64, ac }) => {
    expect(legacy(respond({ protocol: 'legacy', base64 }, { ...granted, warnings: [] }))).toBe(
      `<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version><ac>${ac}</ac></vomsans>`,
    )
  })
})

describe('an error', () => {
  const error = new VomsError('no-such-user', {}, new Error('the database password is hunter2'))

  it('over REST has its status, and a document with code and message', () => {
    const reply = rest(respondError({ protocol: 'rest' }, error, 'vo.0', 'r1'))
    expect(reply.status).toBe(403)
    expect(text(reply.body)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><voms><error><code>NoSuchUser</code>' +
        '<message>vo.0: User unknown to this VO. [r1]</message></error></voms>',
    )
  })

  it.each([
    { base64: true, ac: 'QQ==\n' },
    { base64: false, ac: 'qq' },
    { base64: undefined, ac: 'qq' },
  ])('over the legacy protocol carries an AC element: base64 $base64', ({ base64, ac }) => {
    const form =
      base64 === undefined ? { protocol: 'legacy' as const } : { protocol: 'legacy' as const, base64 }
    expect(legacy(respondError(form, error, 'vo.0', 'r1'))).toBe(
      '<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version><error><item>' +
        '<number>1001</number><message>vo.0: User unknown to this VO. [r1]</message></item></error>' +
        `<ac>${ac}</ac></vomsans>`,
    )
  })

  it('decides the status over warnings, which are told too', () => {
    const reply = rest(respondError({ protocol: 'rest' }, error, 'vo.0', 'r1', granted.warnings))
    expect(reply.status).toBe(403)
    expect(text(reply.body)).toMatch(/<voms><warning>Unknown parameters[^<]*<\/warning><error>/)
  })

  it('lets nothing of its cause out', () => {
    for (const form of [{ protocol: 'rest' as const }, { protocol: 'legacy' as const }]) {
      expect(JSON.stringify(respondError(form, error, 'vo.0', 'r1'))).not.toContain('hunter2')
      const reply = respondError(form, error, 'vo.0', 'r1')
      expect(text(reply.protocol === 'rest' ? reply.body : reply.document)).not.toContain('hunter2')
    }
  })

  it.each([
    ['database', 'Retry-After', '5'],
    ['overloaded', 'Retry-After', '5'],
    ['method-not-allowed', 'Allow', 'GET'],
  ] as const)('%s names %s', (code, name, value) => {
    expect(
      rest(respondError({ protocol: 'rest' }, new VomsError(code, {}), 'vo.0', 'r1')).headers[name],
    ).toBe(value)
  })

  it('escapes a reason, whatever the directory holds', () => {
    const reason = 'a<b & "c" > \u0000\u0007 \ud800 grün'
    const wire = respondError({ protocol: 'legacy' }, new VomsError('suspended', { reason }), 'vo.0', 'r1')
    expect(legacy(wire)).toContain(
      'reason: a&lt;b &amp; "c" &gt; \\x00\\x07 &#65533; gr&#252;n [r1]</message>',
    )
  })
})
