import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DumpError } from '../../src/adopt/DumpError.ts'
import { MysqldumpReader } from '../../src/adopt/mysqldump.ts'
import type { SourceRow } from '../../src/adopt/RowSource.ts'

const CREATE = `CREATE TABLE \`t\` (
  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`name\` varchar(255) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT 'a,b) \\' c' COMMENT 'x; y',
  \`flag\` bit(1) NOT NULL DEFAULT b'0',
  \`data\` mediumblob,
  \`price\` decimal(10,2) DEFAULT NULL,
  PRIMARY KEY (\`id\`,\`name\`(10)),
  KEY \`k\` (\`name\`),
  CONSTRAINT \`c\` FOREIGN KEY (\`id\`) REFERENCES \`u\` (\`id\`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=latin1 COMMENT='a table';
`
const END = '\n-- Dump completed on 2026-01-01  0:00:00\n'
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

/** Reads a dump given as one character an octet, whole or in pieces. */
function read(text: string, cuts: readonly number[] = []): SourceRow[] {
  const reader = new MysqldumpReader()
  const octets = bytes(text)
  const places = [0, ...cuts, octets.length]
  const rows = places.slice(1).flatMap((end, n) => reader.push(octets.subarray(places[n], end)))
  reader.end()
  return rows
}

const values = (text: string) => read(`${CREATE}${text}${END}`).map(row => row.values)
/** The values of one row of `t`. */
const row = (literals: string, before = '') => values(`${before}INSERT INTO \`t\` VALUES (${literals});`)[0]

describe('columns', () => {
  it('come from CREATE TABLE', () => {
    const reader = new MysqldumpReader()
    reader.push(bytes(CREATE))
    expect(reader.tables.get('t')).toEqual({
      name: 't',
      columns: [
        { name: 'id', type: 'bigint(20)', charset: undefined },
        { name: 'name', type: 'varchar(255)', charset: 'utf8' },
        { name: 'flag', type: 'bit(1)', charset: undefined },
        { name: 'data', type: 'mediumblob', charset: undefined },
        { name: 'price', type: 'decimal(10)', charset: undefined },
      ],
      primaryKey: ['id', 'name'],
      charset: 'latin1',
    })
  })

  it('may be named by the INSERT', () => {
    expect(values("INSERT INTO `t` (`flag`, `id`) VALUES (b'1',5);")).toEqual([{ flag: true, id: '5' }])
  })
})

describe('values', () => {
  it('are typed by their columns', () => {
    expect(row("1,'x','\\0','y',-1.50")).toEqual({
      id: '1',
      name: 'x',
      flag: false,
      data: bytes('y'),
      price: '-1.50',
    })
    expect(row('NULL,null,1,NULL,1e+3')).toEqual({
      id: null,
      name: null,
      flag: true,
      data: null,
      price: '1e+3',
    })
  })

  it.each([
    ['plain', 'plain'],
    ["it''s", "it's"],
    ["it\\'s", "it's"],
    ['a\\\\b', 'a\\b'],
    ['\\"\\n\\r\\t\\b\\Z\\0', '"\n\r\t\b\u001a\0'],
    ['\\%\\_\\x', '\\%\\_x'],
    ['a\nb', 'a\nb'],
    ['; -- /* x */ # (1),(2)', '; -- /* x */ # (1),(2)'],
    ['', ''],
    ['gr\xc3\xbcn', 'grün'],
  ])("'%s' reads as %j", (literal, text) => {
    expect(row(`1,'${literal}',1,'',1`)).toMatchObject({ name: text })
  })

  it.each([
    ["'\\0'", false],
    ["'\\1'", true],
    ["'\x01'", true],
    ["'\x00'", false],
    ["'1'", true],
    ["'0'", false],
    ['1', true],
    ['0', false],
    ["b'1'", true],
    ["b'0'", false],
    ["_binary '\x01'", true],
    ["_binary '\\0'", false],
    ['0x01', true],
    ['0x00', false],
    ['NULL', null],
  ])('the bit %j is %s', (literal, flag) => {
    expect(row(`1,'x',${literal},'',1`)).toMatchObject({ flag })
  })

  it.each([
    ["'\\0\xff'", '\0\xff'],
    ['0x00FFab', '\0\xff\xab'],
    ["x'00FF'", '\0\xff'],
    ["_binary '\xfe'", '\xfe'],
    ["''", ''],
  ])('the octets %j', (literal, octets) => {
    expect(row(`1,'x',1,${literal},1`)).toMatchObject({ data: bytes(octets) })
  })
})

describe('the encoding', () => {
  it.each([
    { name: 'SET NAMES utf8', before: '/*!40101 SET NAMES utf8 */;\n', octets: '\xc3\xa9', text: 'é' },
    {
      name: 'SET NAMES utf8mb4',
      before: '/*!50503 SET NAMES utf8mb4 */;\n',
      octets: '\xf0\x9f\x98\x80',
      text: '😀',
    },
    {
      name: 'SET NAMES latin1',
      before: '/*!40101 SET NAMES latin1 */;\n',
      octets: '\xe9\x80\x81\x9f',
      text: 'é€\u0081Ÿ',
    },
    { name: 'SET NAMES binary: of the column', before: 'SET NAMES binary;\n', octets: '\xc3\xa9', text: 'é' },
    { name: 'nothing: of the column', before: '', octets: '\xc3\xa9', text: 'é' },
  ])('is that of $name', ({ before, octets, text }) => {
    expect(row(`1,'${octets}',1,'',1`, before)).toMatchObject({ name: text })
  })

  it('is that of the table where the column has none', () => {
    const dump = `${CREATE.replace('CHARACTER SET utf8 COLLATE utf8_bin', '')}INSERT INTO \`t\` VALUES (1,'\xe9',1,'',1);${END}`
    expect(read(dump)[0]?.values).toMatchObject({ name: 'é' })
  })
})

describe('what stands around rows', () => {
  it('is passed over: comments, other statements, other tables', () => {
    const dump = `/*M!999999\\- enable the sandbox mode */
-- MySQL dump 10.13; it's a comment
# another; one
/* INSERT INTO t VALUES (9); */
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
DROP TABLE IF EXISTS \`t\`;
${CREATE}LOCK TABLES \`t\` WRITE;
/*!40000 ALTER TABLE \`t\` DISABLE KEYS */;
INSERT INTO \`t\` VALUES (1,'a','\\0','',1),
  (2,'b','\x01','',1);
INSERT IGNORE INTO \`t\` VALUES
(3,'c',1,'',1)
;
/*!40000 ALTER TABLE \`t\` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET sql_mode = 'NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN INSERT INTO y VALUES ('it''s'); END */;;
DELIMITER ;
/*!50001 CREATE VIEW \`v\` AS SELECT 1 AS \`id\`*/;
INSERT INTO \`t\` VALUES (4,'d',1,'',1);
${END}`
    expect(read(dump).map(({ values, line }) => [values['id'], line])).toEqual([
      ['1', 21],
      ['2', 22],
      ['3', 24],
      ['4', 33],
    ])
  })

  it('gives the same rows, however the bytes come', () => {
    const dump = `/*!40101 SET NAMES utf8 */;\n${CREATE}INSERT INTO \`t\` VALUES (1,'\xc3\xa9\\'\\\\','\x01','\\0',-1),(2,'''',NULL,'',1);${END}`
    const whole = read(dump)
    expect(whole).toHaveLength(2)
    expect(
      read(
        dump,
        Array.from({ length: dump.length - 1 }, (_, n) => n + 1),
      ),
    ).toEqual(whole)
    fc.assert(
      fc.property(fc.array(fc.nat({ max: dump.length })), cuts => {
        expect(
          read(
            dump,
            cuts.toSorted((a, b) => a - b),
          ),
        ).toEqual(whole)
      }),
    )
  })
})

describe('a dump that is cut off', () => {
  const dump = `-- MySQL dump\n/*!40101 SET NAMES utf8 */;\n${CREATE}INSERT INTO \`t\` VALUES (1,'a',1,'b',1),(2,'c;',1,'d',1);\nUNLOCK TABLES;${END}`

  it('is refused, wherever it is cut', () => {
    for (let length = 0; length < dump.indexOf(' on 2026'); length++) {
      expect(() => read(dump.slice(0, length)), `cut at ${length}`).toThrow(
        expect.objectContaining({ code: 'DUMP_CUT_OFF' }),
      )
    }
    expect(read(dump)).toHaveLength(2)
  })

  it('is refused when something follows its end', () => {
    expect(() => read(`${dump}DROP TABLE \`t\`;\n`)).toThrow(
      expect.objectContaining({ code: 'DUMP_CUT_OFF' }),
    )
    expect(read(`${dump}${dump.replaceAll('`t`', '`s`')}`)).toHaveLength(4)
  })
})

describe('a dump that is refused', () => {
  const insert = (literals: string) => `${CREATE}INSERT INTO \`t\` VALUES (${literals});`
  it.each([
    { code: 'DUMP_FORMAT', text: '\x1f\x8b\x08', line: 1 },
    { code: 'DUMP_FORMAT', text: '<?xml version="1.0"?>', line: 1 },
    { code: 'DUMP_FORMAT', text: 'host = db.example\nthat is not SQL', line: 2 },
    { code: 'DUMP_FORMAT', text: "it's nothing", line: 1 },
    { code: 'DUMP_COLUMNS', text: 'INSERT INTO `t` VALUES (1);', line: 1 },
    { code: 'DUMP_COLUMNS', text: insert('1'), line: 11 },
    { code: 'DUMP_COLUMNS', text: insert("1,'a',1,'b',1,1"), line: 11 },
    { code: 'DUMP_COLUMNS', text: `${CREATE}INSERT INTO \`t\` (\`nope\`) VALUES (1);`, line: 11 },
    { code: 'DUMP_SYNTAX', text: `${CREATE}INSERT INTO \`t\` VALUES 1;`, line: 11 },
    { code: 'DUMP_SYNTAX', text: `${CREATE}INSERT INTO \`t\`;`, line: 11 },
    { code: 'DUMP_SYNTAX', text: 'CREATE TABLE t;', line: 1 },
    { code: 'DUMP_SYNTAX', text: '\n\0', line: 2 },
    { code: 'DUMP_SYNTAX', text: '(1);', line: 1 },
    { code: 'DUMP_SYNTAX', text: "SET SQL_MODE='NO_BACKSLASH_ESCAPES';", line: 1 },
    { code: 'DUMP_CHARSET', text: '\n\nSET NAMES gbk;', line: 3 },
    { code: 'DUMP_CHARSET', text: `SET NAMES utf8;${insert("1,'\xff',1,'',1")}`, line: 11 },
    {
      code: 'DUMP_CHARSET',
      text: `${CREATE.replace('SET utf8', 'SET ucs2')}INSERT INTO \`t\` VALUES (1,'a',1,'',1);`,
      line: 11,
    },
    { code: 'DUMP_COLUMNS', text: insert("1,NOW(),1,'',1"), line: 11 },
    { code: 'DUMP_VALUE', text: insert("1,'a' 'b',1,'',1"), line: 11 },
    { code: 'DUMP_VALUE', text: insert("1,,1,'',1"), line: 11 },
    { code: 'DUMP_VALUE', text: insert("1,`a`,1,'',1"), line: 11 },
    { code: 'DUMP_VALUE', text: insert("1,'a','x','',1"), line: 11 },
    { code: 'DUMP_VALUE', text: insert("1,'a','\x01\x01','',1"), line: 11 },
    { code: 'DUMP_VALUE', text: insert("1,'a',2,'',1"), line: 11 },
    { code: 'DUMP_VALUE', text: insert("1,'a',1,0xf,1"), line: 11 },
    { code: 'DUMP_TOO_LARGE', text: `SET ${'x'.repeat(5000)};`, line: 1 },
    { code: 'DUMP_TOO_LARGE', text: `CREATE ${', '.repeat(100_001)};`, line: 1 },
    {
      code: 'DUMP_TOO_LARGE',
      text: `${CREATE}INSERT INTO \`t\` VALUES ('${'\\n'.repeat((16 << 20) + 1)}'`,
      line: 11,
    },
  ])('$code', ({ code, text, line }) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ name: 'DumpError', code, line }))
  })

  it('names the line and the byte', () => {
    const text = `${CREATE}INSERT INTO \`t\` VALUES (1,'a',1,'',1),(2`
    const bad = `${text},'a',9,'',1);`
    expect(() => read(bad)).toThrow(expect.objectContaining({ line: 11, offset: bad.length - 2 }))
    expect(() => read(bad)).toThrow(`line 11 (byte ${bad.length - 2}): t.flag is no bit`)
  })

  it('is read or refused, whatever it is', () => {
    const part = fc.constantFrom(
      'INSERT INTO `t` VALUES ',
      '(',
      ')',
      ',',
      ';',
      "'",
      '\\',
      '`',
      '/*!4',
      '*/',
      '--',
      '\n',
      '1',
      'NULL',
      "b'",
      '"',
      'DELIMITER ;;\n',
      'CREATE TABLE `x` (',
      'SET NAMES ',
    )
    const texts = fc.oneof(
      fc.uint8Array().map(octets => String.fromCharCode(...octets)),
      fc.array(part).map(parts => `${CREATE}${parts.join('')}`),
    )
    fc.assert(
      fc.property(texts, text => {
        try {
          read(text)
        } catch (error) {
          expect(error).toBeInstanceOf(DumpError)
        }
      }),
    )
  })
})

describe('a file of several databases', () => {
  it.each([
    ['several databases', `USE \`a\`;\n${CREATE}USE \`b\`;\n`, 'several databases, a and b'],
    ['several dumps', `${CREATE}${CREATE}`, 'the table t comes a second time'],
  ])('is refused: %s', (_what, text, message) => {
    expect(() => read(`${text}${END}`)).toThrow(
      expect.objectContaining({ code: 'DUMP_SEVERAL', message: expect.stringContaining(message) }),
    )
  })

  it('is read where it is one', () => {
    expect(
      read(`USE \`a\`;\n${CREATE}USE \`a\`;\nINSERT INTO \`t\` (\`id\`) VALUES (1);${END}`),
    ).toHaveLength(1)
  })
})

describe.each(['vomsAdmin3.sql', 'vomsAdmin2.sql', 'iam.sql'])('%s', name => {
  it('is refused wherever it is cut off, with the place', () => {
    const dump = readFileSync(new URL(`../vectors/dumps/${name}`, import.meta.url), 'latin1')
    const last = dump.indexOf('-- Dump completed') + '-- Dump completed'.length
    read(dump.slice(0, last))
    for (let length = 0; length < last; length++) {
      expect(() => read(dump.slice(0, length)), `cut off at ${length}`).toThrow(
        expect.objectContaining({ code: 'DUMP_CUT_OFF', offset: length }),
      )
    }
  })
})

const REAL = new URL('../../../shared/data/voms-testsuite/dump-voms_vo_0.sql', import.meta.url)

describe('a dump of VOMS Admin', () => {
  it.skipIf(!existsSync(REAL))('of the public test suite (data/voms-testsuite beside the checkout)', () => {
    const rows = read(readFileSync(REAL, 'latin1'))
    const count = (table: string) => rows.filter(({ table: { name } }) => name === table).length
    expect(['usr', 'certificate', 'ca', 'groups', 'roles', 'm', 'audit_event_data'].map(count)).toEqual([
      4, 4, 89, 6, 4, 12, 316,
    ])
    const certificates = rows.filter(({ table }) => table.name === 'certificate').map(({ values }) => values)
    expect(certificates.map(({ subject_string, suspended }) => [subject_string, suspended])).toEqual([
      ['/C=IT/O=IGI/CN=test0', false],
      ['/C=IT/O=IGI/CN=test1', false],
      ['/C=IT/O=IGI/CN=(Parenthesis)', false],
      ['/C=IT/O=IGI/CN=test2', true],
    ])
  })
})
