import { fromHex } from '../../native-free/bytes/hex.ts'
import type { Random } from './random.ts'

/** An element: its tag octet, and its content or what it holds. `length`: how its length is written, if oddly. */
interface Node {
  tag: number
  content: Uint8Array
  children: Node[] | undefined
  /** What stands before the children: the count of unused bits where a BIT STRING holds DER. */
  prefix: Uint8Array
  length?: Uint8Array
}

const NOTHING = new Uint8Array(0)
const MOST_DEPTH = 40
/** A TLS peer can send some 100 KiB of certificates. */
const MOST_BYTES = 128 * 1024

/**
 * One to three random changes of a DER structure, the lengths of all that encloses them set right again, so that
 * the change itself is what a reader meets. What cannot be taken apart comes back as it is.
 */
export function bendDer(random: Random, input: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const root: Node = { tag: 0, content: NOTHING, children: takeApart(input, 0), prefix: NOTHING }
  if (root.children === undefined || root.children.length === 0) return input
  for (let n = random.pick([1, 1, 1, 2, 3]); n > 0; n--) bendOne(random, root, others)
  return size(root) > MOST_BYTES ? input : encode(root.children)
}

/** Of the contents; headers come on top. Stops counting where it is enough. */
function size(node: Node): number {
  let octets = node.children === undefined ? node.content.length : 0
  for (const child of node.children ?? []) {
    octets += 2 + size(child)
    if (octets > MOST_BYTES) break
  }
  return octets
}

/** The elements that these octets are, or undefined when they are no DER. */
function takeApart(bytes: Uint8Array, depth: number): Node[] | undefined {
  const nodes: Node[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at)
    if (header === undefined || depth > MOST_DEPTH) return undefined
    const content = bytes.subarray(header.from, header.to)
    nodes.push({ tag: bytes[at]!, content, ...inside(bytes[at]!, content, depth) })
    at = header.to
  }
  return nodes
}

function readHeader(bytes: Uint8Array, at: number): { from: number; to: number } | undefined {
  const first = bytes[at + 1]
  if (first === undefined || (bytes[at]! & 0x1f) === 0x1f || first === 0x80 || first > 0x84) return undefined
  const octets = first < 0x80 ? 0 : first & 0x7f
  let length = octets === 0 ? first : 0
  for (let i = 0; i < octets; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0)
  const from = at + 2 + octets
  return from + length <= bytes.length ? { from, to: from + length } : undefined
}

/** Constructed elements hold elements; so do the octet and bit strings of extensions and keys. */
function inside(tag: number, content: Uint8Array, depth: number): Pick<Node, 'children' | 'prefix'> {
  if (tag & 0x20) return { children: takeApart(content, depth + 1), prefix: NOTHING }
  const wraps =
    (tag === 0x04 && content.length > 2) || (tag === 0x03 && content[0] === 0 && content[1] === 0x30)
  if (!wraps) return { children: undefined, prefix: NOTHING }
  const prefix = tag === 0x03 ? content.subarray(0, 1) : NOTHING
  const children = takeApart(content.subarray(prefix.length), depth + 1)
  return children?.length === 1 ? { children, prefix } : { children: undefined, prefix: NOTHING }
}

/** Into one array: joined level by level, a structure's octets would be copied once for every level. */
function encode(nodes: readonly Node[]): Uint8Array {
  const lengths = new Map<Node, number>()
  const out = new Uint8Array(nodes.reduce((sum, node) => sum + measure(node, lengths), 0))
  let at = 0
  for (const node of nodes) at = write(node, lengths, out, at)
  return out
}

/** How long its encoding is; notes how long its content is. */
function measure(node: Node, lengths: Map<Node, number>): number {
  let length = node.content.length
  if (node.children !== undefined) {
    length = node.prefix.length
    for (const child of node.children) length += measure(child, lengths)
  }
  lengths.set(node, length)
  return 1 + (node.length ?? lengthOctets(length)).length + length
}

function write(node: Node, lengths: Map<Node, number>, out: Uint8Array, from: number): number {
  let at = from
  out[at++] = node.tag
  const length = node.length ?? lengthOctets(lengths.get(node)!)
  out.set(length, at)
  at += length.length
  if (node.children === undefined) {
    out.set(node.content, at)
    return at + node.content.length
  }
  out.set(node.prefix, at)
  at += node.prefix.length
  for (const child of node.children) at = write(child, lengths, out, at)
  return at
}

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  if (length < 0x100) return Uint8Array.of(0x81, length)
  if (length < 0x10000) return Uint8Array.of(0x82, length >> 8, length & 0xff)
  return Uint8Array.of(0x83, length >> 16, (length >> 8) & 0xff, length & 0xff)
}

/** Every node with the list that it stands in. */
function places(siblings: Node[], into: { siblings: Node[]; index: number }[] = []) {
  for (const [index, node] of siblings.entries()) {
    into.push({ siblings, index })
    if (node.children !== undefined) places(node.children, into)
  }
  return into
}

function bendOne(random: Random, root: Node, others: readonly Uint8Array[]): void {
  const all = places(root.children!)
  if (all.length === 0) return
  const { siblings, index } = random.pick(all)
  const node = siblings[index]!
  switch (random.below(12)) {
    case 0:
      node.tag = random.oneIn(3) ? random.below(256) : random.pick(TAGS)
      break
    case 1:
      siblings.splice(index, 1)
      break
    case 2: {
      const times = random.pick([1, 1, 2, 40, 2000])
      siblings.splice(index, 0, ...Array.from({ length: times }, () => node))
      break
    }
    case 3: {
      const other = random.below(siblings.length)
      siblings[index] = siblings[other]!
      siblings[other] = node
      break
    }
    case 4: {
      const foreign = takeApart(random.pick(others), 0)
      if (foreign !== undefined && foreign.length > 0) {
        const { siblings: from, index: at } = random.pick(places(foreign))
        siblings[index] = from[at]!
      }
      break
    }
    case 5: {
      const from = random.pick(all)
      siblings[index] = copy(from.siblings[from.index]!)
      break
    }
    case 6:
      wrap(random, siblings, index)
      break
    case 7:
      node.length = oddLength(random, encode([node]).length)
      break
    case 8:
      siblings.splice(random.below(siblings.length + 1), 0, {
        tag: random.pick(TAGS),
        content: random.bytes(random.length(40)),
        children: undefined,
        prefix: NOTHING,
      })
      break
    default:
      changeContent(random, node)
  }
}

function copy(node: Node): Node {
  return { ...node, children: node.children?.map(copy) }
}

function wrap(random: Random, siblings: Node[], index: number): void {
  for (let n = random.pick([1, 1, 2, 34]); n > 0; n--) {
    const inner = siblings[index]!
    siblings[index] = {
      tag: random.pick([0x30, 0x31, 0xa0, 0xa3]),
      content: NOTHING,
      children: [inner],
      prefix: NOTHING,
    }
  }
}

function oddLength(random: Random, length: number): Uint8Array {
  switch (random.below(6)) {
    case 0:
      return Uint8Array.of(0x80)
    case 1:
      return Uint8Array.of(0x81, length & 0xff)
    case 2:
      return Uint8Array.of(0x84, 0, 0, length >> 8, length & 0xff)
    case 3:
      return Uint8Array.of(0x84, 0xff, 0xff, 0xff, 0xff)
    case 4:
      return Uint8Array.of(0x88, 0, 0, 0, 0, 0, 0, 0, length & 0x7f)
    default:
      return lengthOctets(Math.max(0, length + random.pick([-3, -2, -1, 1, 2, 100])))
  }
}

function changeContent(random: Random, node: Node): void {
  const edges = EDGES[node.tag]
  node.children = undefined
  if (edges !== undefined && !random.oneIn(4)) {
    node.content = random.pick(edges)
    return
  }
  const out = new Uint8Array(node.content)
  for (let n = random.length(3); n >= 0 && out.length > 0; n--) {
    out[random.below(out.length)] = random.pick([
      0,
      0x0a,
      0x1b,
      0x2f,
      0x3d,
      0x7f,
      0x80,
      0xff,
      random.below(256),
    ])
  }
  node.content = random.oneIn(5) ? out.subarray(0, random.below(out.length + 1)) : out
}

const TAGS = [
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b],
  ...[0x1c, 0x1e, 0x1f, 0x24, 0x2c, 0x30, 0x31, 0x3f, 0x80, 0x81, 0x82, 0x86, 0xa0, 0xa1, 0xa3, 0xa4, 0xbf],
]

const hex = (...texts: readonly string[]) => texts.map(fromHex)
const ascii = (...texts: readonly string[]) => texts.map(text => new TextEncoder().encode(text))
const INTEGERS = hex(
  '',
  '00',
  '01',
  '7f',
  '80',
  'ff',
  '0000',
  '0080',
  'ff80',
  '00ff',
  '7fffffffffffffff',
  '80000000',
)
const STRINGS = [
  ...ascii(
    '',
    '/',
    'a/CN=b',
    'a+UID=b',
    '\\',
    '\\x41',
    'proxy',
    'limited proxy',
    ' a  b ',
    '*',
    '#00',
    '\x00',
    'a\nb',
  ),
  ...ascii('/vo.0', '/vo.0/Role=R1', 'vo.0://h:1', '://', 'é', '\u202e', '\u212a'),
  ...hex('ff', 'c3', 'eda080', 'f4908080', 'c080', 'd800', '00d80000', '0000', '6b696d73'),
]
const TIMES = ascii(
  ...['', '000000000000Z', '991231235959Z', '20260601120000Z', '99991231235959Z', '00000000000000Z'],
  ...[
    '20260229000000Z',
    '260601120000',
    '2606011200Z',
    '20260601120000.5Z',
    '20260601120000+0100',
    '269999999999Z',
  ],
)
/** Contents at the edges of what a type can hold. */
const EDGES: Readonly<Record<number, readonly Uint8Array[]>> = {
  1: hex('', '00', '01', '7f', 'ff', '0000'),
  2: [...INTEGERS, new Uint8Array(33).fill(0x7f), new Uint8Array(20_000).fill(0x55)],
  3: hex('', '00', '07', '0700', '08ff', '00ff', '0101', 'ff', '0780', '0100'),
  4: [...STRINGS, ...hex('0500', '3000', '04020500')],
  5: hex('', '00'),
  6: [
    ...hex('', '80', '00', '2a', '2a80', '2a8001', 'ffffffffffffffffff7f', '2b060104'),
    new Uint8Array(200).fill(0xff),
  ],
  10: INTEGERS,
  23: TIMES,
  24: TIMES,
  ...Object.fromEntries(
    [12, 18, 19, 20, 22, 26, 27, 28, 30, 0x80, 0x81, 0x82, 0x86].map(tag => [tag, STRINGS]),
  ),
}
