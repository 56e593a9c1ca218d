import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { DUMP_PART_BYTES } from '../../src/store/frames.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/openStore.ts'
import { connectOwner } from '../../src/store/ownerClient.ts'
import { restoreEmbedded } from '../../src/store/restoreEmbedded.ts'
import { socketPath } from '../../src/store/socketPath.ts'
import { startOwner } from '../../src/store/startOwner.ts'
import { toDatabase } from '../../src/store/textDatabase.ts'
import { describeDatabase } from './conformance.ts'

const root = mkdtempSync(join(tmpdir(), 'vouchd-owner-'))
const folder = join(root, 'db')
afterAll(() => rmSync(root, { recursive: true, force: true }))
const open: Database[] = []
afterEach(async () => {
  for (const db of open.splice(0)) await db.close()
})

async function opened(mode: 'serve' | 'worker' | 'command', at = folder): Promise<Database> {
  const db = await openStore({ kind: 'embedded', folder: at }, { mode })
  open.push(db)
  return db
}

/** Starts a script beside this file as a daemon of its own would run; resolves with what it prints first. */
async function startDaemon(at: string) {
  const script = fileURLToPath(new URL('./daemon.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [script, at], { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
    child.once('exit', code => reject(new Error(`the daemon ended with ${code}`)))
  })
  return { child, ownerPid: Number(line) }
}

/** Ended, even where nobody has collected its exit code yet. */
const gone = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return true
  }
}

describe('the owner of the embedded database', () => {
  it('gives a copy of more than one part, of which a database is made again', {
    timeout: 120_000,
  }, async () => {
    const at = join(root, 'copied')
    const owner = await startOwner(at, () => {})
    const text = await connectOwner(at)
    const db = toDatabase(text)
    try {
      await migrate(db)
      await db.query(`insert into vouchd.vo (name) values ('vo.copied')`)
      const dump = Uint8Array.from(await text.dump())
      expect(dump.length).toBeGreaterThan(DUMP_PART_BYTES)
      await restoreEmbedded(join(root, 'again'), dump)
    } finally {
      await db.close()
      await owner.close()
    }
    const again = await opened('command', join(root, 'again'))
    expect(await again.query('select name from vouchd.vo')).toEqual([{ name: 'vo.copied' }])
  })

  // A folder whose socket path is beyond what a socket address holds.
  const long = join(root, 'd'.repeat(120), 'db')
  describeDatabase('PGlite through its owner', async () => {
    mkdirSync(join(root, 'd'.repeat(120)), { mode: 0o700 })
    const owner = await startOwner(long, () => {})
    const db = toDatabase(await connectOwner(long))
    const another = toDatabase(await connectOwner(long))
    await db.query('drop schema vouchd cascade')
    return {
      db,
      another,
      async dispose() {
        await db.close()
        await another.close()
        await owner.close()
      },
    }
  })

  it('keeps what was committed when every process is killed at once, and undoes the rest', async () => {
    const { child, ownerPid } = await startDaemon(folder)
    const db = await opened('command')
    await db.query('create table note (id int)')
    await db.query('insert into note values (1)')
    const undone = db.transaction(async tx => {
      await tx.query('insert into note values (2)')
      process.kill(ownerPid, 'SIGKILL')
      child.kill('SIGKILL')
      await tx.query('insert into note values (3)')
    })
    await expect(undone).rejects.toMatchObject({ kind: 'unavailable' })
    await expect.poll(() => gone(ownerPid)).toBe(true)
    const again = await opened('command')
    expect(await again.query('select * from note')).toEqual([{ id: 1 }])
  })

  it('ends cleanly when its parent is killed, so that the next daemon can start', async () => {
    const { child, ownerPid } = await startDaemon(folder)
    child.kill('SIGKILL')
    const db = await opened('serve')
    expect(await db.query('select * from note')).toEqual([{ id: 1 }])
    expect(gone(ownerPid)).toBe(true)
  })

  it('serves commands and workers beside it, and refuses a second daemon by the pid of the first', async () => {
    const { child, ownerPid } = await startDaemon(folder)
    const [command, worker] = [await opened('command'), await opened('worker')]
    expect(await command.query('select 1 as a')).toEqual(await worker.query('select 1 as a'))
    await expect(opened('serve')).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining(`process ${ownerPid}`),
    })
    child.kill('SIGTERM')
    await expect.poll(() => gone(ownerPid), { timeout: 10_000 }).toBe(true)
    await expect(worker.query('select 1')).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('does not leave the folder to another process while a command works in it', async () => {
    const db = await opened('command')
    await expect(startOwner(folder, () => {})).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    expect(await db.query('select 1 as a')).toEqual([{ a: 1 }])
  })

  it('is started anew when it dies, and its clients find it again', async () => {
    const lost: string[] = []
    const db = await openStore(
      { kind: 'embedded', folder },
      { mode: 'serve', onLost: error => lost.push(error.message) },
    )
    open.push(db)
    const heard: string[] = []
    await db.listen('news', payload => heard.push(payload))
    const [row] = await db.query<{ pid: number }>('select 1 as pid')
    expect(row).toBeDefined()
    const pid = Number(readFileSync(join(folder, 'owner.pid'), 'utf8'))
    process.kill(pid, 'SIGKILL')
    await expect
      .poll(() => db.query('select * from note').catch(() => undefined), { timeout: 20_000, interval: 100 })
      .toEqual([{ id: 1 }])
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual([''])
    await db.query(`select pg_notify('news', 'after')`)
    await expect.poll(() => heard).toEqual(['', 'after'])
    expect(lost).toEqual([expect.stringContaining('SIGKILL')])
  })

  it('is ended and started anew when it hangs', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const lost: string[] = []
    const owner = await startOwner(folder, error => lost.push(error.message))
    try {
      const pid = owner.pid!
      // One that speaks each second is left alone, however many they are.
      vi.advanceTimersByTime(40_000)
      await new Promise(resolve => setTimeout(resolve, 2_000))
      vi.advanceTimersByTime(40_000)
      expect(gone(pid)).toBe(false)
      process.kill(pid, 'SIGSTOP')
      vi.advanceTimersByTime(61_000)
      const db = await openStore({ kind: 'embedded', folder }, { mode: 'worker' })
      open.push(db)
      expect(await db.query('select * from note')).toEqual([{ id: 1 }])
      expect(owner.pid).not.toBe(pid)
      expect(lost).toEqual(["the embedded database's process hung for 60 s and was killed"])
    } finally {
      vi.useRealTimers()
      await owner.close()
    }
  })

  it('undoes the transaction of a client that goes away', async () => {
    const db = await opened('serve')
    const child = await clientInTransaction(folder)
    child.kill('SIGKILL')
    expect(await db.query('select * from note where id = 99')).toEqual([])
  })

  it('closes a connection that sends what is no frame', async () => {
    const db = await opened('serve')
    const at = socketPath(folder)
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from([0, 0, 0, 1, 0x7b])]) {
      const socket = connect(at.path)
      const closed = new Promise(resolve => socket.once('close', resolve))
      socket.on('error', () => {}).write(bytes)
      await closed
    }
    expect(await db.query('select 1 as a')).toEqual([{ a: 1 }])
  })

  it('lets nobody else at its folder or socket', async () => {
    await opened('serve')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'owner.sock')).mode & 0o777).toBe(0o600)
    const loose = join(root, 'loose')
    mkdirSync(loose, { mode: 0o755 })
    await expect(opened('command', loose)).rejects.toMatchObject({
      message: expect.stringMatching(/is open to other users$/),
      advice: expect.stringMatching(/^chmod 700 /),
    })
  })
})

async function clientInTransaction(at: string) {
  const script = fileURLToPath(new URL('./client.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [script, at], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise(resolve => child.stdout.once('data', resolve))
  return child
}
