import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../native-free/refusal.ts'
import { escapeXml } from '../../../native-free/wire/escapeXml.ts'
import { parseXml, type XmlElement, XmlReader } from '../../../native-free/wire/xml.ts'

const LIMITS = { maxBytes: 1 << 20, maxDepth: 8, maxElements: 1000, maxAttributes: 4 }
const utf8 = (text: string) => new TextEncoder().encode(text)
const latin1 = (text: string) => Uint8Array.from(text, char => char.charCodeAt(0))
const parse = (document: string | Uint8Array) =>
  parseXml(typeof document === 'string' ? utf8(document) : document, LIMITS)

/** An element as one line: name, attributes, text, children. */
function show(element: XmlElement): string {
  const attributes = [...element.attributes]
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('')
  const children = element.children.map(show).join('')
  return `<${element.name}${attributes}>${JSON.stringify(element.text)}${children}`
}

/** What came of a document pushed in pieces. */
function outcome(pieces: readonly Uint8Array[], limits = LIMITS): string {
  const reader = new XmlReader(limits)
  try {
    for (const piece of pieces) {
      const root = reader.push(piece)
      if (root !== undefined) return show(root)
    }
    return 'incomplete'
  } catch (refusal) {
    return refusal instanceof Refusal ? refusal.code : String(refusal)
  }
}

describe('a well-formed document', () => {
  it.each([
    { name: 'an empty root', text: '<a/>', shown: '<a>""' },
    { name: 'blanks in tags', text: '<a ><b  /></a\n>', shown: '<a>""<b>""' },
    { name: 'text and children', text: '<a>x<b>y</b>z</a>', shown: '<a>"xz"<b>"y"' },
    { name: 'entities', text: '<a>&lt;&gt;&amp;&quot;&apos;</a>', shown: `<a>${JSON.stringify('<>&"\'')}` },
    { name: 'character references', text: '<a>&#65;&#x42;&#xe9;&#128512;&#10;</a>', shown: '<a>"ABé😀\\n"' },
    { name: 'CDATA', text: '<a><![CDATA[<&]]]></a>', shown: '<a>"<&]"' },
    { name: 'CDATA that ends late', text: '<a><![CDATA[x]]y]]]]></a>', shown: '<a>"x]]y]]"' },
    { name: 'comments', text: '<!-- x --><a><!-- <b> -> --->x<!----></a>', shown: '<a>"x"' },
    { name: 'processing instructions', text: '<?x y?><a><?z > ??>t</a>', shown: '<a>"t"' },
    { name: 'attributes', text: `<a b='1"' c = "&lt;\n>" d:e=""/>`, shown: '<a b="1\\"" c="< >" d:e="">""' },
    { name: 'line ends', text: '<a>1\r\n2\r3\n4&#13;</a>', shown: '<a>"1\\n2\\n3\\n4\\r"' },
    { name: 'a declaration', text: '<?xml version="1.0"?>\n<a/>', shown: '<a>""' },
    {
      name: "a declaration with blanks around '='",
      text: '<?xml version = "1.0" encoding = "US-ASCII" ?><a/>',
      shown: '<a>""',
    },
    {
      name: 'standalone',
      text: '<?xml version="1.0" encoding="UTF-8" standalone="no"?><a/>',
      shown: '<a>""',
    },
    { name: 'white space around the root', text: ' \r\n\t<a/>\n ', shown: '<a>""' },
    { name: 'UTF-8 by default', text: '<ä>é😀</ä>', shown: '<ä>"é😀"' },
  ])('$name', ({ text, shown }) => {
    expect(show(parse(text))).toBe(shown)
  })

  it('in ISO-8859-1', () => {
    const document = latin1('<?xml version="1.0" encoding="ISO-8859-1"?><a>gr\xfcn \x80</a>')
    expect(parse(document).text).toBe('grün \x80')
  })
})

describe('a document that is refused', () => {
  const lol = Array.from({ length: 10 }, (_, n) => `<!ENTITY l${n} "${'&l;'.repeat(10)}">`).join('')
  it.each([
    { code: 'XML_DOCTYPE', text: `<!DOCTYPE a [${lol}]><a>&l9;</a>` },
    { code: 'XML_DOCTYPE', text: '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>' },
    { code: 'XML_DOCTYPE', text: '<a><!ENTITY x "y"></a>' },
    { code: 'XML_DOCTYPE', text: '<a><![IGNORE[x]]></a>' },
    { code: 'XML_ENTITY', text: '<a>&xxe;</a>' },
    { code: 'XML_ENTITY', text: '<a>a & b</a>' },
    { code: 'XML_ENTITY', text: '<a>&amp</a>' },
    { code: 'XML_ENTITY', text: '<a b="&x;"/>' },
    { code: 'XML_ENTITY', text: '<a>&#0;</a>' },
    { code: 'XML_ENTITY', text: '<a>&#x1f;</a>' },
    { code: 'XML_ENTITY', text: '<a>&#xd800;</a>' },
    { code: 'XML_ENTITY', text: '<a>&#xfffe;</a>' },
    { code: 'XML_ENTITY', text: '<a>&#x110000;</a>' },
    { code: 'XML_ENTITY', text: '<a>&#99999999999999;</a>' },
    { code: 'XML_ENTITY', text: '<a>&#;</a>' },
    { code: 'XML_ENTITY', text: '<a>&#1e3;</a>' },
    { code: 'XML_ENTITY', text: '<a>&;</a>' },
    { code: 'XML_SYNTAX', text: '<a>]]></a>' },
    { code: 'XML_SYNTAX', text: 'x<a/>' },
    { code: 'XML_SYNTAX', text: '<a/>x' },
    { code: 'XML_SYNTAX', text: '<a/><b/>' },
    { code: 'XML_SYNTAX', text: '</a>' },
    { code: 'XML_SYNTAX', text: '<a></b>' },
    { code: 'XML_SYNTAX', text: '<a></a b>' },
    { code: 'XML_SYNTAX', text: '<>' },
    { code: 'XML_SYNTAX', text: '< a/>' },
    { code: 'XML_SYNTAX', text: '<1/>' },
    { code: 'XML_SYNTAX', text: '<a b/>' },
    { code: 'XML_SYNTAX', text: '<a b=1/>' },
    { code: 'XML_SYNTAX', text: '<a b="1"c="2"/>' },
    { code: 'XML_SYNTAX', text: '<a b="1" b="2"/>' },
    { code: 'XML_SYNTAX', text: '<a b="<"/>' },
    { code: 'XML_SYNTAX', text: '<a <b/>' },
    { code: 'XML_SYNTAX', text: '<a / >' },
    { code: 'XML_SYNTAX', text: ' <?xml version="1.0"?><a/>' },
    { code: 'XML_SYNTAX', text: '<?xml?><a/>' },
    { code: 'XML_SYNTAX', text: '<?xml version="2.0"?><a/>' },
    { code: 'XML_SYNTAX', text: `<?xml version="1.0" ${' '.repeat(300)}?><a/>` },
    { code: 'XML_SYNTAX', text: '' },
    { code: 'XML_SYNTAX', text: '<a' },
    { code: 'XML_SYNTAX', text: '<a>' },
    { code: 'XML_SYNTAX', text: '<a><!--></a>' },
    { code: 'XML_ENCODING', text: '<?xml version="1.0" encoding="UTF-16"?><a/>' },
    { code: 'XML_ENCODING', text: '<?xml version="1.0" encoding="US-ASCII"?><a>é</a>' },
    { code: 'XML_CHARACTER', text: '<a>\0</a>' },
    { code: 'XML_CHARACTER', text: '<a>\u001b</a>' },
    { code: 'XML_CHARACTER', text: '<a>\uffff</a>' },
    { code: 'XML_TOO_MANY', text: '<a b="" c="" d="" e="" f=""/>' },
    { code: 'XML_TOO_MANY', text: `<a>${'<b/>'.repeat(1000)}</a>` },
    { code: 'XML_TOO_DEEP', text: '<a>'.repeat(9) },
    { code: 'XML_TOO_DEEP', text: '<a>'.repeat(100_000) },
    { code: 'XML_TOO_LARGE', text: `<a>${'x'.repeat(1 << 20)}` },
    { code: 'XML_TOO_LARGE', text: `<a b="${'x'.repeat(1 << 20)}"/>` },
  ])('$code: $text', ({ code, text }) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'Refusal', code }))
  })

  it.each([
    { name: 'a bare continuation octet', octets: [0x80] },
    { name: 'an overlong form', octets: [0xc0, 0xaf] },
    { name: 'a surrogate', octets: [0xed, 0xa0, 0x80] },
    { name: 'a cut sequence', octets: [0xe2, 0x82] },
  ])('XML_ENCODING: $name', ({ octets }) => {
    const document = new Uint8Array([...utf8('<a>'), ...octets, ...utf8('</a>')])
    expect(() => parse(document)).toThrow(expect.objectContaining({ code: 'XML_ENCODING' }))
  })

  it('stays refused', () => {
    const reader = new XmlReader(LIMITS)
    expect(() => reader.push(utf8('<a></b>'))).toThrow(Refusal)
    expect(() => reader.push(utf8('<a/>'))).toThrow(Refusal)
  })

  it('is as deep and as large as the limits allow, and accepted', () => {
    expect(show(parse(`${'<a>'.repeat(8)}${'</a>'.repeat(8)}`))).toContain('<a>')
    expect(parse(`<a>${'<b/>'.repeat(999)}</a>`).children).toHaveLength(999)
    expect(parse(`<a>${'x'.repeat((1 << 20) - 7)}</a>`).text).toHaveLength((1 << 20) - 7)
  })
})

describe('pieces', () => {
  const documents = [
    '<?xml version="1.0" encoding="UTF-8"?>\n<voms a="é>"><!-- - -- > --><c>x😀y</c><![CDATA[]]]]></voms>rest',
    '<?xml version="1.0" encoding="US-ASCII"?><voms><command>G/vo.0&amp;</command></voms>',
    '<voms>é</voms>',
    '<a>&#xd800;</a>',
    '<!DOCTYPE a><a/>',
    '<a><b></a>',
    '<?xml version="1.0" encoding="US-ASCII"?><a>\u00e9</a>',
    '<a>',
  ]

  it.each(documents)('of one octet each give the same outcome: %s', document => {
    const bytes = utf8(document)
    expect(outcome(Array.from(bytes, octet => Uint8Array.of(octet)))).toBe(outcome([bytes]))
  })

  it('of any sizes give the same outcome', () => {
    const fragment = fc.constantFrom(
      '<a>',
      '</a>',
      '<b c="d"/>',
      'é',
      '&lt;',
      '&',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '\0',
      '<?x',
      '?>',
      ' ',
      '"',
    )
    const text = fc.oneof(
      fc.constantFrom(...documents),
      fc.array(fragment).map(parts => `<a>${parts.join('')}</a>`),
    )
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 200 })), (document, cuts) => {
        const bytes = utf8(document)
        const places = [0, ...cuts.filter(cut => cut <= bytes.length).sort((a, b) => a - b), bytes.length]
        const pieces = places.slice(1).map((end, n) => bytes.subarray(places[n], end))
        expect(outcome(pieces)).toBe(outcome([bytes]))
      }),
    )
  })

  it('complete exactly with the end of the root element', () => {
    const reader = new XmlReader(LIMITS)
    const document = utf8('<a b=">">x</a>')
    for (const octet of document.subarray(0, -1)) expect(reader.push(Uint8Array.of(octet))).toBeUndefined()
    expect(reader.push(document.subarray(-1))?.text).toBe('x')
    expect(reader.push(utf8('<anything'))?.text).toBe('x')
  })
})

describe('the work of reading', () => {
  it.each([
    { name: 'one long text', part: 'x' },
    { name: 'many "&lt;"', part: '&lt;' },
    { name: 'many "<" in a comment that never ends', part: '<!--' },
    { name: 'many "]]" in CDATA', part: '<![CDATA[]]]]' },
    { name: 'blanks in a tag', part: '<b             />' },
    { name: 'open quotes', part: '<b c="' },
    { name: 'small elements', part: '<b/>' },
  ])('grows with the size alone, octet by octet: $name', ({ part }) => {
    const steps = (size: number) => {
      const reader = new XmlReader({ ...LIMITS, maxElements: 1e6, maxDepth: 1e6 })
      const document = utf8(`<a>${part.repeat(size / part.length)}`)
      try {
        for (const octet of document) reader.push(Uint8Array.of(octet))
      } catch (refusal) {
        expect(refusal).toBeInstanceOf(Refusal)
      }
      return reader.steps
    }
    expect(steps(4096)).toBeLessThan(4 * 4096)
    expect(steps(16384)).toBeLessThan(4.5 * steps(4096) + 100)
  })

  it('never rejects slowly: tags that almost match', () => {
    for (const text of [
      `<a${' '.repeat(200_000)}b>`,
      `<${'a'.repeat(200_000)}=">`,
      `<a ${'b'.repeat(200_000)} >`,
    ]) {
      expect(() => parse(text)).toThrow(Refusal)
    }
  })
})

describe('escapeXml', () => {
  it.each([
    { text: 'plain /vo.0 "x"', unicode: 'plain /vo.0 "x"', ascii: 'plain /vo.0 "x"' },
    { text: 'a<b>&c', unicode: 'a&lt;b&gt;&amp;c', ascii: 'a&lt;b&gt;&amp;c' },
    { text: 'é😀', unicode: 'é😀', ascii: '&#233;&#128512;' },
    { text: '\n\t\r', unicode: '\n\t&#13;', ascii: '\n\t&#13;' },
    { text: '\0\u001f\ud800\uffff', unicode: '\ufffd\ufffd\ufffd\ufffd', ascii: '&#65533;'.repeat(4) },
  ])('$text', ({ text, unicode, ascii }) => {
    expect(escapeXml(text, false)).toBe(unicode)
    expect(escapeXml(text, true)).toBe(ascii)
  })

  it('gives a document that parses back to the text, whatever the text', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.nat({ max: 0xffff }).map(unit => String.fromCharCode(unit)) }),
    )
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, ascii) => {
        const written = escapeXml(text, ascii)
        if (ascii) expect(written).toMatch(/^[\t\n\x20-\x7e]*$/)
        const shown = text
          .toWellFormed()
          .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
        expect(parse(`<a>${written}</a>`).text).toBe(shown)
      }),
    )
  })
})
