import type { StoreConfig } from '../config/types.ts'
import type { DatabaseError } from '../store/DatabaseError.ts'
import { type Owner, startOwner } from '../store/startOwner.ts'

/** The process that owns the embedded database, for as long as the configuration names it. */
export interface OwnerKeeper {
  /** Has the owner of this store run beside any other. Throws DatabaseError; then it does not. */
  open(store: StoreConfig): Promise<void>
  /** Ends the owners of other stores. */
  keepOnly(store: StoreConfig): Promise<void>
  pid(store: StoreConfig): number | undefined
  close(): Promise<void>
}

export function createOwnerKeeper(onLost: (error: DatabaseError) => void): OwnerKeeper {
  const owners = new Map<string, Owner>()
  const folderOf = (store: StoreConfig) => (store.kind === 'embedded' ? store.folder : undefined)

  async function closeOthers(folder: string | undefined): Promise<void> {
    const others = [...owners].filter(([name]) => name !== folder)
    for (const [name] of others) owners.delete(name)
    await Promise.all(others.map(([, owner]) => owner.close()))
  }

  return {
    async open(store) {
      const folder = folderOf(store)
      if (folder === undefined || owners.has(folder)) return
      owners.set(folder, await startOwner(folder, onLost))
    },
    keepOnly: store => closeOthers(folderOf(store)),
    pid: store => owners.get(folderOf(store) ?? '')?.pid,
    close: () => closeOthers(undefined),
  }
}
