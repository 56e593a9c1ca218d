import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeAcExtension } from '../../native-free/ac/extractAcs.ts'
import { tlv } from '../../native-free/der/writer.ts'
import { unnoticed } from '../../src/audit/auditObserver.ts'
import { createAuditLog } from '../../src/audit/createAuditLog.ts'
import { segmentStorage } from '../../src/audit/segmentStorage.ts'
import { openStore } from '../../src/store/openStore.ts'
import { intentOf } from '../audit/auditFolder.ts'
import { NOW as CLI_NOW, runInProcess } from '../cli/runInProcess.ts'
import { makeSite, type Site } from '../cli/siteFolder.ts'
import { ca, host, LONG } from '../e2e/daemon.ts'
import { createCrl } from '../pki/createCrl.ts'
import { extension } from '../pki/extensions.ts'
import { issueEec } from '../pki/issueEec.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { fillSampleVo } from '../store/sampleVo.ts'
import { forgeAc } from './forgeAc.ts'

/** Colours, a cleared screen, a title, a bell, backspaces, C1, other lines, other directions, hidden characters. */
const FOREIGN =
  'a\x1b[31m\x1b[2J\x1b]0;t\x07\b\b\r\u009b31m\u0085\u2028\u2029\u202e\u2066\u200b\u00ad\ufeff\u{e0041}\x7fz'
/** What XML and vomses files can hold of it. */
const WRITTEN = FOREIGN.replace(/[\x00-\x1f]/g, '')

const octets = (text: string) => new TextEncoder().encode(text)
const user = issueEec(ca, {
  subject: [
    { type: 'O', value: FOREIGN },
    { type: '1.2.3.4', value: tlv(0x0c, octets(FOREIGN)) },
    { type: 'CN', value: FOREIGN, string: 'bmp' },
  ],
  ...LONG,
})
const ac = forgeAc(user, { issuer: host, fqans: [`/vo.0/${WRITTEN}`] })
const carrier = issueProxy(user, {
  cn: FOREIGN,
  more: [
    extension('1.3.6.1.4.1.8005.100.100.5', false, encodeAcExtension([ac])),
    extension('2.5.29.17', false, octets(FOREIGN)),
  ],
  ...LONG,
})

let site: Site
beforeAll(async () => {
  site = makeSite()
  placeBlankDatabase(site.path('database'))
  expect((await runInProcess('--config', site.config, 'migrate')).code).toBe(0)
  const db = await openStore({ kind: 'embedded', folder: site.path('database') }, { mode: 'command' })
  await fillSampleVo(db)
  await db.query(
    `update vouchd.member set suspended_reason = $1, given_name = $1, email = $1 where source_id = '2'`,
    [FOREIGN],
  )
  await db.query(`update vouchd.member_attribute set value = $1`, [FOREIGN])
  await db.query(`insert into vouchd.vo_group (vo_id, path) select id, $1 from vouchd.vo`, [
    `/vo.0/${WRITTEN}`,
  ])
  await db.query(
    `insert into vouchd.holding (vo_id, member_id, group_id)
     select g.vo_id, m.id, g.id from vouchd.vo_group g, vouchd.member m where g.path = $1 and m.source_id = '0'`,
    [`/vo.0/${WRITTEN}`],
  )
  await db.close()
  await recordForeign()
})
afterAll(() => site?.remove())

/** One AC as the daemon records it, with foreign text wherever a record has text. */
async function recordForeign(): Promise<void> {
  const folder = site.path('audit')
  const options = {
    folder,
    headKey: join(folder, 'heads.key'),
    worker: 0,
    onFull: 'refuse',
    maxSegmentBytes: 1_000_000,
    retentionDays: 0,
  } as const
  const log = await createAuditLog(options, {
    clock: { now: () => CLI_NOW - 60 },
    monotonic: () => 0,
    storage: segmentStorage,
    observer: unnoticed,
    after: () => () => {},
  })
  const intent = intentOf(1, {
    holder: `/CN=${FOREIGN}`,
    issuer: `/CN=CA ${FOREIGN}`,
    fqans: [`/vo.0/${FOREIGN}`],
    address: FOREIGN,
  })
  await log.intent(intent)
  log.result({ id: intent.id, serial: intent.serial, ac: 'cd'.repeat(32) })
  await log.close()
}

/** Nothing that a terminal or a reader of lines would obey. */
function expectPlain(text: string): void {
  expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
}

const FILES: readonly (readonly [string, () => string | Uint8Array])[] = [
  ['a certificate', () => user.pem],
  ['a proxy with an AC', () => carrier.pem + user.pem],
  ['an AC', () => ac],
  ['a CRL', () => createCrl({ subject: user.subject, key: user.key }, { thisUpdate: LONG.from }).der],
  [
    'an answer',
    () =>
      `<voms><warning>${WRITTEN}</warning><error><code>${WRITTEN}</code><message>${WRITTEN}</message></error></voms>`,
  ],
  ['an answer of another name', () => `<${'x'.repeat(10)}>${WRITTEN}</${'x'.repeat(10)}>`],
  ['an LSC file', () => `/CN=${FOREIGN.replace(/[\r\n]/g, '')}\n/CN=b\n`],
  ['a vomses file', () => `"${WRITTEN}" "h" "1" "/CN=${WRITTEN}" "${WRITTEN}"\n"bad ${FOREIGN}\n`],
  ['neither', () => FOREIGN],
  ['PEM of an odd label', () => `-----BEGIN ${WRITTEN}-----\nQUJD\n-----END ${WRITTEN}-----\n`],
]

describe('inspect prints foreign text so that nothing obeys it', () => {
  it.each(FILES)('of %s', async (_name, content) => {
    const file = site.path('foreign')
    writeFileSync(file, content())
    for (const options of [[], ['--json']]) {
      const { code, out, err } = await runInProcess(
        'inspect',
        file,
        '--certdir',
        site.path('certificates'),
        ...options,
      )
      expect(code).toBeLessThan(2)
      expect(out + err).not.toBe('')
      expectPlain(out)
      expectPlain(err)
    }
  })

  it('of a file of such a name', async () => {
    const { code, err } = await runInProcess('inspect', `/nonexistent/${FOREIGN}`)
    expect(code).toBe(1)
    expectPlain(err)
  })
})

describe('what the directory holds is printed so that nothing obeys it', () => {
  const CA = '/C=IT/O=Test/CN=CA'
  it.each([
    ['explain', '--vo', 'vo.0', '--dn', '/C=IT/O=Test/CN=test0', '--issuer', CA, '--fqans', 'all'],
    ['explain', '--vo', 'vo.0', '--dn', '/C=IT/O=Test/CN=test2', '--issuer', CA],
    ['explain', '--vo', 'vo.0', '--dn', `/C=IT/O=Test/CN=${FOREIGN}`, '--issuer', CA, '--fqans', FOREIGN],
    ['explain', '--vo', FOREIGN, '--dn', '/CN=x'],
    ['member', 'list', '--vo', 'vo.0'],
    ['member', 'show', '3'],
    ['member', 'find', FOREIGN],
  ])('by %s %s %s %s', { timeout: 120_000 }, async (...args) => {
    for (const options of [[], ['--json']]) {
      const { code, out, err } = await runInProcess('--config', site.config, ...args, ...options)
      expect(code).toBeLessThan(70)
      expect(out + err).not.toBe('')
      expectPlain(out)
      expectPlain(err)
    }
  })

  it.each([
    ['audit', 'search', '--dn', `/CN=${FOREIGN}`],
    ['audit', 'search', '--dn', '/CN=no such, and of no use'],
    ['audit', 'export'],
    ['audit', 'verify'],
    ['changes', '--vo', 'vo.0'],
    ['group', 'list', '--vo', 'vo.0'],
  ])('by %s %s', { timeout: 120_000 }, async (...args) => {
    for (const options of [[], ['--json']]) {
      const { code, out, err } = await runInProcess('--config', site.config, ...args, ...options)
      expect(code).toBeLessThan(70)
      expectPlain(out)
      expectPlain(err)
    }
  })

  it('and what was issued is found all the same', async () => {
    const search = ['audit', 'search', '--dn', `/CN=${FOREIGN}`]
    const { code, out } = await runInProcess('--config', site.config, ...search)
    expect(code).toBe(0)
    expect(out).toContain('\\x1B[31m')
  })

  it('and JSON still says what is held', async () => {
    const { out } = await runInProcess('--config', site.config, 'member', 'show', '3', '--json')
    expect(JSON.stringify(JSON.parse(out))).toContain(JSON.stringify(FOREIGN).slice(1, -1))
  })
})
