import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crlDer } from '../../../src/authenticate/trust/crlDer.ts'

const SLICE = 256 * 1024

function armour(der: Uint8Array, columns: number, newline: string): string {
  const body =
    Buffer.from(der)
      .toString('base64')
      .match(new RegExp(`.{1,${columns}}`, 'g')) ?? []
  return ['-----BEGIN X509 CRL-----', ...body, '-----END X509 CRL-----', ''].join(newline)
}

/** Octets that begin as a CRL does, but cost nothing to make. */
function someDer(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (n === 0 ? 0x30 : (n * 31) & 0xff))
}

const read = (text: string | Uint8Array, pause = async () => undefined) =>
  crlDer(typeof text === 'string' ? new TextEncoder().encode(text) : text, pause)

describe('crlDer', () => {
  it('takes DER as it is', async () => {
    const der = someDer(100)
    expect(await read(der)).toBe(der)
  })

  it.each([
    [64, '\n'],
    [76, '\r\n'],
    [7, '\n'],
    [10_000_000, '\n'],
  ])('decodes PEM of %i columns in several slices', async (columns, newline) => {
    const der = someDer(600_001)
    let pauses = 0
    const decoded = await read(`some text\n${armour(der, columns, newline)}more`, async () => void pauses++)
    expect(Buffer.compare(decoded, der)).toBe(0)
    expect(pauses).toBeGreaterThanOrEqual(3)
  })

  it('decodes what any encoder makes of any octets', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 80 }),
        async (der, columns) => {
          expect(Buffer.compare(await read(armour(der, columns, '\n')), der)).toBe(0)
        },
      ),
    )
  })

  const long = armour(someDer(600_000), 64, '\n')
  const spoilt = (at: number, char: string) => long.slice(0, at) + char + long.slice(at + 1)
  it.each([
    ['nothing', '', 'CRL_FILE_EMPTY'],
    ['other text', 'hello', 'CRL_FILE_FORM'],
    ['another label', long.replaceAll('X509 CRL', 'CERTIFICATE'), 'CRL_FILE_FORM'],
    ['no end line', long.slice(0, -30), 'CRL_FILE_CUT'],
    ['a stray character', spoilt(1000, '*'), 'CRL_FILE_BASE64'],
    ['a stray character in the second slice', spoilt(SLICE + 1000, '-'), 'CRL_FILE_BASE64'],
    ['padding in the middle', spoilt(1000, '='), 'CRL_FILE_BASE64'],
    ['headers', long.replace('\n', '\nProc-Type: 4,ENCRYPTED\n'), 'CRL_FILE_BASE64'],
  ])('refuses %s', async (_, text, code) => {
    await expect(read(text)).rejects.toMatchObject({ code })
  })
})
