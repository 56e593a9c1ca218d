import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VomsError } from '../../src/errors.ts'
import type { Frame } from '../../src/request/frame.ts'
import { parseRequest } from '../../src/request/parseRequest.ts'

const rest = (target: string, method = 'GET'): Frame => ({ protocol: 'rest', method, target })
const legacy = (text: string): Frame => ({ protocol: 'legacy', document: new TextEncoder().encode(text) })

describe('parseRequest', () => {
  it('gives the same shape from either protocol', () => {
    const fromRest = parseRequest(
      rest('/generate-ac?fqans=/vo.0/G1/Role=R1&order=/vo.0/G1:R1&targets=a,b&lifetime=60'),
      'vo.0',
    )
    const fromLegacy = parseRequest(
      legacy(
        '<voms><command>B/vo.0/G1:R1</command><order>/vo.0/G1:R1</order><targets>a,b</targets>' +
          '<base64>1</base64><lifetime>60</lifetime></voms>',
      ),
      'vo.0',
    )
    expect(fromLegacy).toEqual({ ...fromRest, protocol: 'legacy' })
  })

  it.each([
    { frame: rest('/generate-ac', 'POST'), code: 'method-not-allowed' },
    { frame: rest('/generate-ac', 'HEAD'), code: 'method-not-allowed' },
    { frame: rest('/'), code: 'not-found' },
    { frame: rest('/generate-ac?'), code: 'not-found' },
    { frame: rest('/generate-ac?fqans'), code: 'not-found' },
    { frame: rest('/generate-ac?fqans=%'), code: 'not-understood' },
    { frame: rest('/generate-ac?targets=%0a'), code: undefined },
    { frame: rest('/generate-ac?targets=a%00'), code: 'not-understood' },
    { frame: rest(`/generate-ac?fqans=${'A,'.repeat(1001)}`), code: 'too-large' },
    { frame: legacy('GO AWAY'), code: 'not-understood' },
    { frame: legacy('<voms>'), code: 'not-understood' },
    { frame: legacy('<voms><lifetime>1</lifetime></voms>'), code: 'not-understood' },
    { frame: legacy('<!DOCTYPE x><voms/>'), code: 'not-understood' },
    { frame: legacy(`<voms>${'<command>A</command>'.repeat(1001)}</voms>`), code: 'too-large' },
    { frame: legacy(`<voms>${'<x/>'.repeat(5000)}</voms>`), code: 'too-large' },
  ])('answers $frame.target$frame.method with $code', ({ frame, code }) => {
    const read = () => parseRequest(frame, 'vo.0')
    if (code === undefined) expect(read).not.toThrow()
    else expect(read).toThrow(expect.objectContaining({ name: 'VomsError', code }))
  })

  it('shows the request that it did not understand', () => {
    const error = (frame: Frame) => {
      try {
        return parseRequest(frame, 'vo.0')
      } catch (thrown) {
        return thrown
      }
    }
    expect(error(legacy('<voms><command>'))).toMatchObject({ parameters: { text: '<voms><command>' } })
    expect(error(rest('/generate-ac?fqans=%zz'))).toMatchObject({
      parameters: { text: '/generate-ac?fqans=%zz' },
    })
  })

  it('reads or refuses anything', () => {
    const frames = fc.oneof(
      fc.string().map(text => rest(text)),
      fc.string().map(text => rest(`/generate-ac?${text}`)),
      fc.uint8Array().map((document): Frame => ({ protocol: 'legacy', document })),
      fc.string().map(text => legacy(`<voms><command>${text}</command></voms>`)),
    )
    fc.assert(
      fc.property(frames, frame => {
        try {
          expect(parseRequest(frame, 'vo.0').protocol).toBe(frame.protocol)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(VomsError)
        }
      }),
    )
  })
})

it('reads the same target anew for another VO, and refuses it anew each time', () => {
  const groupOf = (vo: string) => parseRequest(rest('/generate-ac'), vo).commands
  expect(groupOf('vo.a')).toMatchObject([{ kind: 'group', group: '/vo.a' }])
  expect(groupOf('vo.b')).toMatchObject([{ kind: 'group', group: '/vo.b' }])
  expect(groupOf('vo.a')).toBe(groupOf('vo.a'))
  for (const _ of [1, 2]) expect(() => parseRequest(rest('/other'), 'vo.a')).toThrow(VomsError)
})
