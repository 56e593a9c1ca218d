import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../packaging/origin.ts'
import { run } from '../../packaging/run.ts'
import { DEMANDED } from '../interop/demand.ts'
import { until } from '../supervise/daemonProcess.ts'
import type { LoadResult } from '../supervise/load.ts'
import { bootMachine, cannotBoot, type Machine } from './machine.ts'
import { writeMachineMaterial } from './machineMaterial.ts'

/** Building, unpacking and booting on a machine that has other things to do. */
const SLOW_MS = 600_000
const NEXT = '99.0.0'

/** What an operator types, page and section by section. */
const INSTALL = /### The Debian package\n([\s\S]*?)\n### /.exec(
  readFileSync(join(ROOT, 'docs/operations.md'), 'utf8'),
)![1]!

const why = cannotBoot()
describe.skipIf(why !== undefined && !DEMANDED)(
  `the Debian package${why === undefined ? '' : `, skipped: ${why}`}`,
  { timeout: SLOW_MS },
  () => {
    let folder: string
    let machine: Machine
    let first: string
    beforeAll(async () => {
      if (why !== undefined) throw new Error(why)
      folder = mkdtempSync(join(tmpdir(), 'vouchd-package-'))
      first = build('first')
      machine = await bootMachine(root => {
        writeMachineMaterial(root)
        copyFileSync(first, join(root, 'root', basename(first)))
      })
    }, SLOW_MS)
    afterAll(async () => {
      await machine?.stop()
      if (folder !== undefined) rmSync(folder, { recursive: true })
    }, SLOW_MS)

    function build(name: string, ...args: string[]): string {
      const out = join(folder, name)
      mkdirSync(out)
      const said = run(process.execPath, [join(ROOT, 'packaging/deb.ts'), '--out', out, ...args])
      return said.trim().split('\n').at(-1)!
    }

    /** Has to succeed; gives what it says. */
    function sh(line: string): string {
      const said = machine.sh(line)
      expect(said, line).toMatchObject({ status: 0 })
      return said.out
    }

    const property = (name: string) => sh(`systemctl show --value -p ${name} vouchd.service`).trim()
    const serves = () =>
      until(() => machine.sh('curl --silent --fail http://127.0.0.1:9469/readyz').status === 0)

    async function ask(connections = 4): Promise<{ stop(): Promise<LoadResult> }> {
      const asker: ChildProcess = machine.spawn(
        '/checkout/node_modules/.bin/node',
        '/checkout/test/package/askWithoutPause.ts',
        '15000',
        `${connections}`,
        '/root/ada.pem',
        '/root/ada.key',
      )
      const complaints = text(asker.stderr!)
      await Promise.race([
        once(asker.stdout!, 'data'),
        once(asker, 'exit').then(async () => {
          throw new Error(await complaints)
        }),
      ])
      const result = text(asker.stdout!)
      return {
        async stop() {
          asker.stdin!.end()
          const said = await result
          if (said === '') throw new Error(await complaints)
          return JSON.parse(said) as LoadResult
        },
      }
    }

    /** What clients without pause saw while something was done: an AC for each, whatever it was. */
    async function refusesNobodyDuring(work: () => void | Promise<void>): Promise<void> {
      const load = await ask()
      await work()
      // Not only what had waited, but new ones too.
      await serves()
      await sleep(500)
      const result = await load.stop()
      expect(result).toMatchObject({ refused: [], broken: [], mismatched: 0 })
      expect(result.issued).toBeGreaterThan(4)
    }

    it('has the same octets when it is made again, by another umask and in another zone', () => {
      const before = process.umask(0o077)
      const zone = process.env['TZ']
      process.env['TZ'] = 'Pacific/Auckland'
      try {
        expect(digest(build('again'))).toBe(digest(first))
      } finally {
        process.umask(before)
        if (zone === undefined) delete process.env['TZ']
        else process.env['TZ'] = zone
      }
    })

    it('is installed and started on a bare machine by what docs/operations.md says', () => {
      const [install, ...more] = [...INSTALL.matchAll(/^# (.*)$/gm)].map(match => match[1]!)
      sh(`cd /root && ${install}`)
      expect(sh('systemctl is-enabled vouchd.socket vouchd.service')).toBe('enabled\nenabled\n')
      expect(machine.sh('systemctl is-active vouchd.socket vouchd.service').out).toBe('inactive\ninactive\n')
      expect(sh('systemctl --failed --no-legend')).toBe('')
      sh('install -m 0644 /root/ada.pem /tmp/ada.pem')
      for (const line of more) {
        if (line.includes('vouchd check')) {
          const config = /```toml\n([\s\S]*?)```/.exec(INSTALL)![1]!
          writeFileSync(join(machine.root, 'etc/vouchd/vouchd.toml'), config)
        }
        const said = sh(line)
        if (line.includes('vouchd check')) expect(said).not.toContain('controlSocket')
        if (line.startsWith('systemctl status'))
          expect(said).toMatch(/Status: "ready: 1 VOs, \d+ of \d+ workers"/)
        if (line.startsWith('vouchd status')) expect(said).toMatch(/^ready: vouchd /)
        if (line.startsWith('vouchd lsc')) expect(said).toContain('/C=IT/O=Test/CN=voms.example.org')
      }
      expect(sh('man -w vouchd 2>/dev/null || ls /usr/share/man/man8/vouchd.8.gz')).toContain('vouchd.8.gz')
    })

    it('runs confined, with a heap for keys that is never swapped out', () => {
      const main = property('MainPID')
      const status = sh(`cat /proc/${main}/status`)
      expect(status).toMatch(/^CapEff:\s*0+$/m)
      expect(status).toMatch(/^NoNewPrivs:\s*1$/m)
      expect(status).toMatch(/^Seccomp:\s*2$/m)
      expect(sh(`cat /proc/${main}/limits`)).toMatch(/^Max core file size +0 +0 /m)
      expect(sh('journalctl -u vouchd -o cat')).not.toContain('secure heap')
    })

    it('is started by the first client of its socket', async () => {
      sh('systemctl stop vouchd.socket vouchd.service && systemctl start vouchd.socket')
      expect(machine.sh('systemctl is-active vouchd.service').out).toBe('inactive\n')
      const load = await ask(1)
      await serves()
      await until(() => property('ActiveState') === 'active')
      const result = await load.stop()
      expect(result).toMatchObject({ refused: [], broken: [], mismatched: 0 })
      expect(result.issued).toBeGreaterThan(0)
    })

    it('reloads; with a fault it says so and serves as before', async () => {
      await refusesNobodyDuring(() => {
        sh('systemctl reload vouchd')
        sh('echo "nonsense = 1" >> /etc/vouchd/vouchd.toml')
        expect(machine.sh('systemctl reload vouchd').status).not.toBe(0)
        expect(property('ActiveState')).toBe('active')
        sh('sed -i "/^nonsense/d" /etc/vouchd/vouchd.toml && systemctl reload vouchd')
      })
    })

    it('writes priorities to the journal', () => {
      const errors = sh('journalctl -u vouchd -p err -o cat')
      expect(errors).toContain('not reloaded: what was served before is still served')
      expect(errors).not.toContain('"msg":"listening"')
      expect(sh('journalctl -u vouchd PRIORITY=6 -o cat')).toContain('"msg":"listening"')
    })

    it('restarts with nobody refused', async () => {
      await refusesNobodyDuring(() => void sh('systemctl restart vouchd.service'))
    })

    it('comes back by itself when its first process is killed, and clients wait for it', async () => {
      const before = property('MainPID')
      const load = await ask()
      sh(`kill -KILL ${before}`)
      await until(() => property('ActiveState') === 'active' && property('MainPID') !== before)
      await serves()
      const { broken, refused, issued } = await load.stop()
      expect(refused).toEqual([])
      // What was under way at that moment ends with it; the socket refuses nobody.
      expect(broken).not.toContain('ECONNREFUSED')
      expect(broken.length).toBeLessThanOrEqual(8)
      expect(issued).toBeGreaterThan(0)
      expect(Number(property('NRestarts'))).toBeGreaterThan(0)
    })

    it('is started anew by the watchdog when its first process hangs', async () => {
      const dropIn = join(machine.root, 'etc/systemd/system/vouchd.service.d')
      mkdirSync(dropIn, { recursive: true })
      writeFileSync(join(dropIn, 'test.conf'), '[Service]\nWatchdogSec=10\nTimeoutAbortSec=1\n')
      sh('systemctl daemon-reload && systemctl restart vouchd.service')
      const before = property('MainPID')
      sh(`kill -STOP ${before}`)
      await until(() => property('ActiveState') === 'active' && property('MainPID') !== before)
      await serves()
      expect(sh('journalctl -u vouchd -o cat')).toContain('Watchdog timeout')
      rmSync(dropIn, { recursive: true })
      sh('systemctl daemon-reload && systemctl restart vouchd.service')
    })

    it('is upgraded with nobody refused', async () => {
      const next = build('next', '--version', NEXT)
      copyFileSync(next, join(machine.root, 'root', basename(next)))
      const before = property('MainPID')
      await refusesNobodyDuring(() => void sh(`dpkg -i /root/${basename(next)}`))
      expect(property('MainPID')).not.toBe(before)
      expect(sh('vouchd status')).toContain(`vouchd ${NEXT}`)
    })

    it('has recorded all of it, whole', () => {
      const verdict = JSON.parse(sh('runuser -u vouchd -- vouchd audit verify --json')) as {
        ok: boolean
        records: number
      }
      expect(verdict).toMatchObject({ ok: true })
      expect(verdict.records).toBeGreaterThan(20)
    })

    it('leaves what is not its own when it is removed, and nothing when it is purged', () => {
      sh('dpkg -r vouchd')
      const at = (path: string) => join(machine.root, path)
      expect(existsSync(at('var/lib/vouchd/audit'))).toBe(true)
      expect(existsSync(at('etc/vouchd/vouchd.toml'))).toBe(true)
      expect(existsSync(at('usr/lib/vouchd'))).toBe(false)
      expect(machine.sh('systemctl is-active vouchd.socket vouchd.service').out).toBe('inactive\ninactive\n')
      sh('dpkg -P vouchd')
      const left = sh(
        "find / -xdev \\( -path /checkout -o -path /proc -o -path /var/log \\) -prune -o -name '*vouchd*' -print",
      )
      // The operator's own folder of keys, and what he put in his home.
      const own = ['/etc/grid-security/vouchd', '/root/']
      expect(
        left
          .trim()
          .split('\n')
          .filter(path => !own.some(each => path.startsWith(each))),
      ).toEqual([])
      expect(sh('systemctl --failed --no-legend')).toBe('')
      expect(sh('getent passwd vouchd')).toContain('/usr/sbin/nologin')
    })
  },
)

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
