import { expect, it } from 'vitest'
import { fromHex, toHex } from '../../../native-free/bytes/hex.ts'
import { decodePem, encodePem } from '../../../native-free/x509/pem.ts'

const der = fromHex('3003020105')
const block = encodePem('CERTIFICATE', der)

it('encodes as RFC 7468 has it', () => {
  expect(block).toBe('-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n')
})

it.each([
  ['one block', block],
  ['text before and after', `subject=/CN=x\n${block}trailing`],
  ['CRLF lines', block.replaceAll('\n', '\r\n')],
  ['no final newline', block.trimEnd()],
  ['blank lines and blanks at line ends', block.replaceAll('-----\n', '-----  \n\n')],
])('decodes %s', (_, text) => {
  expect(decodePem(text).map(b => [b.label, toHex(b.der)])).toEqual([['CERTIFICATE', toHex(der)]])
})

it('gives the blocks in order with their lines', () => {
  const text = `x\n${block}\n${encodePem('X509 CRL', fromHex('0500'))}`
  expect(decodePem(text).map(b => [b.label, b.at])).toEqual([
    ['CERTIFICATE', 2],
    ['X509 CRL', 6],
  ])
})

it('finds nothing in other text', () => {
  expect(decodePem('')).toEqual([])
  expect(decodePem('-----END CERTIFICATE-----\nhello')).toEqual([])
})

it.each([
  ['PEM_UNTERMINATED', block.slice(0, 40)],
  ['PEM_BAD_BOUNDARY', block.replace('END CERTIFICATE', 'END X509 CRL')],
  ['PEM_BAD_BOUNDARY', block.replace(/-----END.*\n/, '') + block],
  ['PEM_BAD_BASE64', block.replace('MAMC', 'MA*C')],
  ['PEM_HEADERS', block.replace('MAMC', 'Proc-Type: 4,ENCRYPTED\n\nMAMC')],
])('refuses with %s', (code, text) => {
  expect(() => decodePem(text)).toThrow(expect.objectContaining({ code }))
})
