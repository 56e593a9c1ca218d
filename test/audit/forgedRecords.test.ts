import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { chainHash, frameLine } from '../../src/audit/frame.ts'
import { searchAudit } from '../../src/audit/searchAudit.ts'
import { type AuditFolder, auditFolder, issueOne } from './auditFolder.ts'

let audit: AuditFolder
beforeEach(() => {
  audit = auditFolder()
})
afterEach(() => audit.remove())

/** A whole log of one AC with its signed head. */
async function signedLog(): Promise<void> {
  const log = await audit.open()
  await issueOne(log, 1)
  const signer = await audit.signer([log])
  await log.close()
  await signer.close()
}

/** Adds a record to the end of a file whose hash is right, as somebody can who writes to the folder. */
function forge(file: string, body: (n: number, t: number) => string): void {
  const bytes = audit.files().get(file)!
  const last = bytes.toString('latin1').trimEnd().split('\n').at(-1)!
  const [hash, previous] = [last.slice(0, 64), JSON.parse(Buffer.from(last.slice(65), 'latin1').toString())]
  const text = body(previous.n + 1, previous.t)
  writeFileSync(
    join(audit.folder, file),
    Buffer.concat([bytes, Buffer.from(frameLine(chainHash(hash, text), text))]),
  )
}

const KINDS = [
  'begin',
  'intent',
  'issued',
  'failed',
  'removed',
  'lost',
  'end',
  'checkpoint',
  'later',
] as const
/** What follows number, time and kind: no JSON, or other fields than the kind has. */
const ENDINGS = [
  '',
  ',{{',
  '}',
  ',"logs":5}',
  ',"logs":[null]}',
  ',"key":1,"logs":[],"signature":""}',
  ',"through":"x"}',
  ',"previous":7,"log":[]}',
  ',"serial":{},"id":1}',
  ',"fqans":[1]}',
]

it.each(KINDS)('a forged record of kind %s stops no reader, and is told of where it is none', async kind => {
  for (const ending of ENDINGS) {
    audit.remove()
    audit = auditFolder()
    await signedLog()
    for (const file of audit.files().keys()) {
      forge(file, (n, t) => `{"n":${n},"t":${t},"k":"${kind}"${ending}`)
      const { faults } = await audit.verify()
      const anything = kind === 'end' || kind === 'later'
      if (!ending.endsWith('}') || !anything) expect(faults).not.toEqual([])
      for await (const found of searchAudit(audit.folder, {}, () => {})) expect(found).toBeDefined()
      const log = await audit.open()
      await log.close()
    }
  }
})
