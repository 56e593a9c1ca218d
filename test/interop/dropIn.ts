import type { ServerMode } from './clientSuite.ts'
import { writeWorldDump } from './dump.ts'
import { startMariaDb } from './mariadb.ts'
import { writeVomsConf } from './vomsConf.ts'
import { startDropIn } from './vouchd.ts'

/** vouchd in vomsd's place: over its option file, with members that live in the MariaDB that this names. */
export const dropIn: ServerMode = {
  label: ', drop-in',
  programs: ['mariadbd', 'mariadb-install-db'],
  async start(world) {
    await using started = new AsyncDisposableStack()
    const database = await startMariaDb(world.folder, await writeWorldDump(world))
    started.defer(() => database.stop())
    // No plug-in of vomsd's is needed.
    const vomsConf = await writeVomsConf(world, database, '/usr/lib64/voms/libvomsmysql.so')
    const server = await startDropIn(world, vomsConf)
    started.defer(() => server.stop())
    const parts = started.move()
    return { ...server, stop: () => parts.disposeAsync() }
  },
}
