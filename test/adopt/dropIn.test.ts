import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInProcess } from '../cli/runInProcess.ts'
import { DECADES, issueHost } from '../cli/siteFolder.ts'
import { askRest } from '../e2e/daemon.ts'
import { dumpFile } from '../interop/dump.ts'
import { freePort } from '../interop/freePort.ts'
import { type MariaDb, startMariaDb, writePasswordFile } from '../interop/mariadb.ts'
import { missing } from '../interop/programs.ts'
import { createCa } from '../pki/createCa.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import { issueEec } from '../pki/issueEec.ts'
import { storedRsaKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'

const bin = join(import.meta.dirname, '../../bin/vouchd')
const DUMP = dumpFile()
const CA_DN = '/C=IT/O=IGI/CN=Test CA'
const why =
  missing(['mariadbd', 'mariadb-install-db']) ??
  (DUMP === undefined ? 'no data to import: ../shared/data' : undefined)

describe.skipIf(why !== undefined)(
  `serve --voms-conf${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    let folder: string
    let maria: MariaDb
    let port: number
    let daemon: ChildProcess | undefined
    const records: Record<string, unknown>[] = []
    const ca = createCa({ subject: CA_DN, ...DECADES })
    const test0 = issueEec(ca, { subject: '/C=IT/O=IGI/CN=test0', ...DECADES })
    const path = (name: string) => join(folder, name)

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'vouchd-dropin-'))
      maria = await startMariaDb(folder, DUMP!)
      port = await freePort()
      const host = issueHost(ca, storedRsaKey(2048), {
        subject: '/C=IT/O=IGI/CN=voms.example.org',
        ...DECADES,
      })
      writeCertificateFile(path('host.pem'), host)
      writeKeyFile(path('host.key'), host)
      writeTrustDirectory(path('certificates'), [
        { ca, signingPolicy: signingPolicyText(CA_DN, ['/C=IT/O=IGI/*']) },
      ])
      const passfile = await writePasswordFile(folder, maria.password)
      writeFileSync(
        path('voms.conf'),
        `--vo=vo.0 --port=${port} --uri=voms.example.org:${port}
       --x509_user_cert=host.pem --x509_user_key=host.key --x509_cert_dir=certificates
       --dbname=${maria.database} --username=${maria.user} --mysql-socket=${maria.socket} --passfile=${passfile}
       --sqlloc=/usr/lib64/voms/libvomsmysql.so --timeout=43200 --shortfqans`,
      )
      writeFileSync(
        path('vouchd.toml'),
        `[store]\nfolder = "database"\n[audit]\nfolder = "audit"\n[trust]\nvomsdir = "vomsdir"
       [processes]\nworkers = 0\ncontrolSocket = "control.sock"\n`,
      )
    }, 120_000)
    afterAll(async () => {
      if (daemon !== undefined && daemon.exitCode === null) {
        const ended = new Promise(resolve => daemon!.once('close', resolve))
        daemon.kill('SIGTERM')
        await ended
      }
      await maria?.stop()
      if (folder) rmSync(folder, { recursive: true })
    }, 60_000)

    const options = () => ['--config', path('vouchd.toml'), '--voms-conf', path('voms.conf')]

    it('is checked before: what is ignored and why, and the source', async () => {
      const { out } = await runInProcess('check', ...options())
      expect(out).toContain('--sqlloc=/usr/lib64/voms/libvomsmysql.so is ignored')
      expect(out).toContain('-> nothing: the database is read without a plug-in')
      expect(out).not.toContain('ERROR')
    })

    it('may be mirrored before, which leaves nothing to read for the start', async () => {
      expect(await runInProcess('import', 'followed', ...options(), '--vo', 'vo.0')).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^VO vo\.0 holds \(new\)\n {2}members +4\n/),
      })
      expect(await runInProcess('import', 'followed', ...options())).toMatchObject({
        code: 0,
        out: 'VO vo.0 followed: nothing changed\n',
      })
      const { code, err } = await runInProcess('import', 'followed', ...options(), '--vo', 'vo.9')
      expect([code, err]).toEqual([2, 'vouchd: VO vo.9 is not configured; there are: vo.0\n'])
    }, 120_000)

    it('is mirrored when the source of another VO cannot be read', async () => {
      const text = readFileSync(path('voms.conf'), 'utf8')
      const away = text
        .replace('--vo=vo.0', '--vo=vo.away')
        .replaceAll(`${port}`, `${await freePort()}`)
        .replace(/--mysql-socket=\S+/, `--mysql-socket=${path('nobody.sock')}`)
      writeFileSync(path('away.conf'), away)
      const both = [
        '--config',
        path('vouchd.toml'),
        '--voms-conf',
        path('away.conf'),
        '--voms-conf',
        path('voms.conf'),
      ]
      expect(await runInProcess('import', 'followed', ...both)).toMatchObject({
        code: 1,
        out: 'VO vo.0 followed: nothing changed\n',
        err: expect.stringMatching(/^vouchd: .*\(\w+\); VO vo\.away is as it was\n$/),
      })
      const { out } = await runInProcess('import', 'followed', ...both, '--json')
      const [refused, followed] = out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
      expect(refused).toEqual({
        vo: 'vo.away',
        error: { code: expect.any(String), message: expect.any(String) },
      })
      expect(followed).toMatchObject({ vo: 'vo.0' })
      expect(followed).not.toHaveProperty('error')
    }, 120_000)

    it('serves the members of that database from the first answer on, and a suspension within the period', async () => {
      daemon = spawn(bin, ['serve', ...options()], { stdio: ['ignore', 'pipe', 'inherit'] })
      createInterface({ input: daemon.stdout! }).on('line', line => void records.push(JSON.parse(line)))
      const said = (message: string) => records.find(({ msg }) => msg === message)
      await expect.poll(() => said('ready'), { timeout: 60_000, interval: 200 }).toBeDefined()
      expect(said("options of vomsd's that have no effect here")?.['ignored']).toHaveLength(1)

      const issued = await askRest(port, [test0], '?fqans=/vo.0/G1/Role=R1')
      expect([issued.status, issued.message, issued.ac === undefined]).toEqual([200, undefined, false])

      await maria.sql(
        `UPDATE certificate SET suspended = b'1', suspended_reason = 'key lost' WHERE subject_string LIKE '%test0'`,
      )
      const refused = () => askRest(port, [test0]).then(({ code }) => code)
      await expect.poll(refused, { timeout: 60_000, interval: 500 }).toBe('SuspendedUser')
      const changed = records.filter(({ msg }) => msg === 'the VO was brought to what its source says')
      expect(changed.map(({ read }) => read)).toEqual(['members'])
    }, 200_000)

    it('keeps serving while the database is away', async () => {
      await maria.stop()
      const failed = () => records.some(({ msg }) => msg === 'the source of the VO cannot be followed')
      await expect.poll(failed, { timeout: 60_000, interval: 500 }).toBe(true)
      expect((await askRest(port, [test0])).code).toBe('SuspendedUser')
    }, 60_000)
  },
)
