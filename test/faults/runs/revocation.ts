import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { quantile } from '../../../bench/load/statistics.ts'
import { ca, userNamed } from '../../e2e/daemon.ts'
import { createCrl } from '../../pki/createCrl.ts'
import type { Credential } from '../../pki/issueCertificate.ts'
import { privateKeyPem } from '../../pki/keys.ts'
import { writeCrl } from '../../pki/trustDirectory.ts'
import { makeSiteFolder, PATIENT, startDaemonProcess } from '../../supervise/daemonProcess.ts'
import { startLoad, warmUp } from '../../supervise/load.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import { type KeptClient, openClientPerWorker } from '../keptClient.ts'
import { addMember, memberName } from '../postgresSite.ts'

const EFFECTIVE_MS = 5_000
/** As often as a session could be taken up again. */
const SESSIONS = 3

/** G6: a certificate on a new CRL is refused everywhere, whatever connection or session it comes with. */
export const revocation: FaultRun = {
  name: 'revocation',
  about:
    'certificates are revoked one after another under load; within 5 s of the new CRL every worker refuses, on kept ' +
    'connections and with saved TLS sessions too, of which none is taken up again',
  unit: 'revocations',
  long: 50,
  short: 1,
  async run(count, tell) {
    const { wrong, late, unless, inTime } = verdict()
    const site = makeSiteFolder(undefined, { tables: PATIENT, vo: 'keepAliveSeconds = 60\n' })
    const daemon = await startDaemonProcess(site)
    try {
      const db = await site.database()
      for (let number = 0; number < count; number++) await addMember(db, memberName(number))
      await db.close()
      const port = await daemon.port()
      await warmUp(port)
      const load = startLoad(() => port, { connections: 2, pauseMs: 20 })
      const revoked: Credential[] = []
      const delays: number[] = []
      let resumed = 0
      let issuedAfter = 0
      for (let number = 0; number < count; number++) {
        tell(`${number} revocations`)
        const user = userNamed(memberName(number))
        const clients = await openClientPerWorker(daemon, port, user)
        const session = await sessionOf(port, user)
        revoked.push(user)
        const now = Math.floor(Date.now() / 1000)
        const { pem } = createCrl(ca, {
          thisUpdate: now - 60,
          nextUpdate: now + 86_400,
          number: number + 1,
          revoked,
        })
        const written = performance.now()
        writeCrl(site.path('certificates'), ca, pem)
        delays.push((await lastIssued(clients)) - written)
        for (let time = 0; time < SESSIONS; time++) {
          const { reused, text } = await askWith(port, user, session)
          if (reused) resumed++
          if (text.includes('<ac>')) issuedAfter++
        }
        for (const client of clients.values()) client.close()
      }
      inTime(Math.max(...delays), EFFECTIVE_MS, 'a new CRL')
      const { issued, refused, broken } = await load.stop()
      unless(resumed === 0, `${resumed} sessions were taken up again`)
      unless(issuedAfter === 0, `${issuedAfter} ACs for revoked certificates`)
      unless(refused.length === 0, `${refused.length} others refused: ${refused[0]}`)
      unless(broken.length === 0, `${broken.length} connections of others failed: ${broken[0]}`)
      return {
        figures: {
          'in effect after ms, median': Math.round(quantile(delays, 0.5)),
          'in effect after ms, longest': Math.round(Math.max(...delays)),
          'ACs after a worker had refused': issuedAfter,
          'sessions offered': count * SESSIONS,
          'sessions taken up': resumed,
          'issued to others': issued,
          'others refused or cut off': refused.length + broken.length,
        },
        wrong,
        late,
      }
    } finally {
      await daemon.stop()
      site.remove()
    }
  },
}

/** When the last AC came, of all workers; every one has refused then. */
async function lastIssued(clients: ReadonlyMap<number, KeptClient>): Promise<number> {
  let last = 0
  await Promise.all(
    [...clients.values()].map(async client => {
      for (;;) {
        const { serial } = await client.ask()
        if (serial === undefined) return
        last = Math.max(last, performance.now())
        await sleep(10)
      }
    }),
  )
  return last
}

/** The last session that a server sent, if it sent any. */
async function sessionOf(port: number, user: Credential): Promise<Buffer | undefined> {
  return (await askWith(port, user, undefined)).session
}

async function askWith(
  port: number,
  user: Credential,
  session: Buffer | undefined,
): Promise<{ reused: boolean; text: string; session: Buffer | undefined }> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    cert: user.pem,
    key: privateKeyPem(user.key),
    rejectUnauthorized: false,
    ...(session === undefined ? {} : { session }),
  })
  let text = ''
  let given: Buffer | undefined = socket.getSession()
  socket.on('session', next => {
    given = next
  })
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'secureConnect')
  given ??= socket.getSession()
  const reused = socket.isSessionReused()
  socket.write('GET /generate-ac HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  return { reused, text, session: given }
}
