import { describe, expect, it } from 'vitest'
import { keyOfString } from '../../../native-free/dn/keyOfString.ts'
import { parseSigningPolicy } from '../../../native-free/policy/parseSigningPolicy.ts'
import { Refusal } from '../../../native-free/refusal.ts'

const parse = (text: string) => parseSigningPolicy(new TextEncoder().encode(text))
const key = keyOfString
const entry = (patterns: string, ca = '/C=IT/O=G/CN=CA') =>
  `access_id_CA X509 '${ca}'\npos_rights globus CA:sign\ncond_subjects globus ${patterns}\n`

function permits(text: string, subject: string): boolean {
  return parse(text).rules.some(rule => rule.permit && rule.matches(key(subject)))
}

describe('patterns of a signing policy', () => {
  it.each([
    ['several quoted patterns', `'"/C=IT/O=X/*" "/C=IT/O=G/*"'`, '/C=IT/O=G/CN=u', true],
    ['one pattern without double quotes', `'/C=IT/O=G/*'`, '/C=IT/O=G/CN=u', true],
    ['one pattern without any quotes', '/C=IT/O=G/*', '/C=IT/O=G/CN=u', true],
    ['a question mark', `'"/C=IT/O=G/CN=u?"'`, '/C=IT/O=G/CN=u7', true],
    ['a question mark is one character', `'"/C=IT/O=G/CN=u?"'`, '/C=IT/O=G/CN=u77', false],
    ['another country', `'"/C=XX/*"'`, '/C=IT/O=G/CN=u', false],
    ['the whole string, not a prefix', `'"/C=IT/O=G"'`, '/C=IT/O=G/CN=u', false],
    ['a run may be empty', `'"/C=IT/O=G/CN=u*"'`, '/C=IT/O=G/CN=u', true],
    ['a run within', `'"/C=IT/O=*/CN=u"'`, '/C=IT/O=G/OU=X/CN=u', true],
    ['everything', `'"*"'`, '/C=IT/O=G/CN=u', true],
    ['everything below the top', `'"/*"'`, '/C=IT/O=G/CN=u', true],
    ['another case', `'"/c=it/o=g/*"'`, '/C=IT/O=G/CN=U', true],
    ['the old spelling of e-mail', `'"/C=IT/Email=a@b"'`, '/C=IT/emailAddress=a@b', true],
    ['a host, its slash unescaped', `'"/C=IT/CN=host/*"'`, '/C=IT/CN=host\\/x.example', true],
    ['a point is literal', `'"/C=IT/CN=a.b"'`, '/C=IT/CN=axb', false],
    ['brackets are literal', `'"/C=IT/CN=[x]"'`, '/C=IT/CN=[x]', true],
    ['a sibling organisation that begins alike', `'"/C=IT/O=G/*"'`, '/C=IT/O=Gx/CN=u', false],
  ])('%s', (_, pattern, subject, expected) => {
    expect(permits(entry(pattern), subject)).toBe(expected)
  })
})

describe('entries of a signing policy', () => {
  it('gives every CA of an entry its patterns', () => {
    const text = `access_id_CA X509 '/CN=A'\naccess_id_CA X509 '/CN=B'\npos_rights globus CA:sign\ncond_subjects globus '"/*"'`
    expect(parse(text).rules.map(rule => rule.issuer)).toEqual([key('/CN=A'), key('/CN=B')])
  })

  it('reads comments, several entries and other rights', () => {
    const text = `# EACL ca\n${entry(`'"/CN=a"'`, '/CN=A')}  # more\n${entry(`'"/CN=b"'`, '/CN=B')}
      access_id_ANYBODY
      pos_rights globus CA:delegate
      cond_subjects globus '"/CN=c"'`
    expect(parse(text).rules.map(rule => rule.pattern)).toEqual(['/CN=a', '/CN=b'])
  })

  it('permits nothing by a right without subjects, but names the CA', () => {
    const { rules } = parse(`access_id_CA X509 '/CN=A'\npos_rights globus CA:sign`)
    expect(rules).toHaveLength(1)
    expect(rules[0]!.matches(key('/CN=u'))).toBe(false)
  })

  it('grants nothing to an identity of another kind', () => {
    expect(parse(entry('/CN=u').replace('access_id_CA', 'access_id_USER')).rules).toEqual([])
  })

  it('undoes backslashes within quotes', () => {
    expect(permits(entry(`'"/CN=O\\'Hara"'`), "/CN=O'Hara")).toBe(true)
  })

  it('reads Latin-1 where the file is not UTF-8', () => {
    const file = Buffer.from(entry(`'"/CN=J\xfcrgen"'`), 'latin1')
    expect(parseSigningPolicy(file).rules[0]!.matches(key('/CN=J\xfcrgen'))).toBe(true)
  })
})

describe('signing policies that are refused', () => {
  it.each([
    ['cut off within a quote', entry(`'"/CN=u"`), 3],
    ['an open double quote', entry(`'"/CN=u'`), 3],
    ['text between patterns', entry(`'"/CN=u" x "/CN=v"'`), 3],
    ['negative rights', entry(`'"/CN=u"'`).replace('pos_', 'neg_'), 2],
    ['an unknown keyword', `access_id_CA X509 '/CN=A'\nsome_rights globus CA:sign`, 2],
    ['a file that begins with rights', 'pos_rights globus CA:sign', 1],
    ['an end within an entry', `access_id_CA X509`, 1],
    ['an identity without rights', `access_id_CA X509 '/CN=A'`, 1],
    ['private-use characters', entry(`'"/CN=\ue000"'`), 3],
    ['too many rules', entry(`'${'"/CN=u" '.repeat(10_001)}'`), 3],
    ['too many octets', ' '.repeat((1 << 20) + 1), 1],
  ])('%s', (_, text, line) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'policy-file-bad', at: line }))
  })

  it('never throws anything but a refusal, wherever a good file is cut', () => {
    const text = entry(`'"/C=IT/O=G/*" "/C=IT/O=H/*"'`)
    for (let end = 0; end < text.length; end++) {
      try {
        parse(text.slice(0, end))
      } catch (cause) {
        expect(cause).toBeInstanceOf(Refusal)
      }
    }
  })
})
