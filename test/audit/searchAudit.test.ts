import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvHeader, csvLine, jsonLine } from '../../src/audit/exportAudit.ts'
import { type AuditFilter, type Issuance, searchAudit } from '../../src/audit/searchAudit.ts'
import { NOW } from '../fakes/grant.ts'
import { type AuditFolder, auditFolder, intentOf } from './auditFolder.ts'

let audit: AuditFolder
const faults: string[] = []

/** Two processes; an AC each minute, the even ones in the first; 6 failed, 7 has no result. */
beforeAll(async () => {
  audit = auditFolder()
  const logs = [
    await audit.open({ maxSegmentBytes: 1500 }),
    await audit.open({ maxSegmentBytes: 1500 }),
  ] as const
  for (let i = 0; i < 10; i++) {
    const log = logs[i % 2]!
    const intent = intentOf(i, i === 5 ? { vo: 'vo.1', fqans: ['/vo.1'] } : {})
    await log.intent(intent)
    const { id, serial } = intent
    if (i === 6) log.result({ id, serial, code: 'overloaded' })
    else if (i !== 7) log.result({ id, serial, ac: 'cd'.repeat(32) })
    audit.clock.now += 60
  }
  for (const log of logs) await log.close()
})
afterAll(() => audit.remove())

async function search(filter: AuditFilter = {}): Promise<Issuance[]> {
  const found: Issuance[] = []
  const onFault = ({ file, what }: { file: string; what: string }) => void faults.push(`${file}: ${what}`)
  for await (const issuance of searchAudit(audit.folder, filter, onFault)) found.push(issuance)
  return found
}
const ids = async (filter: AuditFilter) => (await search(filter)).map(({ id }) => id)

describe('a search', () => {
  it('gives the ACs of all processes in the order of time, with what came of each', async () => {
    const found = await search()
    expect(found.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      'r-0 issued',
      'r-1 issued',
      'r-2 issued',
      'r-3 issued',
      'r-4 issued',
      'r-5 issued',
      'r-6 failed',
      'r-7 unknown',
      'r-8 issued',
      'r-9 issued',
    ])
    expect(found[1]).toMatchObject({ ...intentOf(1), log: 'w1', time: NOW + 60, ac: 'cd'.repeat(32) })
    expect(found[6]!.code).toBe('overloaded')
  })

  it.each<[string, AuditFilter, string[]]>([
    ['serial', { serial: intentOf(3).serial }, ['r-3']],
    ['serial as openssl prints it', { serial: '0x03' }, ['r-3']],
    ['serial with colons', { serial: '00:0A' }, []],
    ['holder', { dn: '/C=IT/O=IGI/CN=user 4' }, ['r-4']],
    ['holder in another spelling', { dn: '/C=IT/O=IGI/CN=USER  4' }, ['r-4']],
    ['holder nobody is', { dn: '/C=IT/O=IGI/CN=user' }, []],
    ['FQAN in its short form', { fqan: '/vo.1' }, ['r-5']],
    ['FQAN in its long form', { fqan: '/vo.1/Role=NULL/Capability=NULL' }, ['r-5']],
    ['VO', { vo: 'vo.1' }, ['r-5']],
    ['request', { id: 'r-9' }, ['r-9']],
    ['from', { from: NOW + 421 }, ['r-8', 'r-9']],
    ['until', { until: NOW + 60 }, ['r-0', 'r-1']],
    ['between', { from: NOW + 120, until: NOW + 180 }, ['r-2', 'r-3']],
    ['two conditions', { from: NOW + 120, until: NOW + 180, serial: '2' }, ['r-2']],
    ['conditions that contradict each other', { vo: 'vo.1', serial: '2' }, []],
  ])('finds by %s', async (_, filter, expected) => {
    expect(await ids(filter)).toEqual(expected)
    expect(faults).toEqual([])
  })
})

describe('an export', () => {
  it('is a line of JSON for each AC', async () => {
    const [first] = await search({ serial: '1' })
    const line = jsonLine(first!)
    expect(line.endsWith('}\n')).toBe(true)
    expect(JSON.parse(line)).toMatchObject({
      time: '2026-10-05T12:01:00Z',
      notAfter: '2026-10-06T00:00:00Z',
      holder: '/C=IT/O=IGI/CN=user 1',
      outcome: 'issued',
    })
  })

  it('is CSV with as many cells as columns, names quoted and harmless in a spreadsheet', async () => {
    const [first] = await search({ serial: '1' })
    const line = csvLine({ ...first!, holder: '/CN=a "b", c', address: '=cmd()' })
    expect(csvHeader.split(',')).toHaveLength(18)
    expect(line).toContain('"/CN=a ""b"", c"')
    expect(line).toContain(",'=cmd(),")
    expect(line).toContain('/vo.0/Role=NULL/Capability=NULL /vo.0/G1/Role=R1/Capability=NULL')
    expect(line.endsWith('\r\n')).toBe(true)
  })
})

describe('a search in damaged files', () => {
  it('tells the fault and goes on with the next file', async () => {
    const path = join(audit.folder, 'w0/00000001.seg')
    const bytes = readFileSync(path)
    const damaged = Buffer.from(bytes)
    damaged.write('X', bytes.indexOf('user 2'))
    writeFileSync(path, damaged)
    const found = await search()
    writeFileSync(path, bytes)
    expect(faults.splice(0)).toEqual([expect.stringContaining('w0/00000001.seg: ')])
    expect(found.map(({ id }) => id)).toContain('r-0')
    expect(found.map(({ id }) => id)).not.toContain('r-2')
    expect(found.map(({ id }) => id)).toContain('r-8')
  })

  it('says nothing of a write that is cut short', async () => {
    const last = [...audit.files().keys()].findLast(name => name.startsWith('w1/'))!
    const path = join(audit.folder, last)
    truncateSync(path, readFileSync(path).length - 5)
    expect(await ids({ id: 'r-9' })).toEqual(['r-9'])
    expect(faults).toEqual([])
  })
})
