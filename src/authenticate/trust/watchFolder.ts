import { watch } from 'node:fs'

export interface FolderWatch {
  close(): void
}

/**
 * Calls `onChange` when something in the folder changes, and `onFailure` once when the file system cannot tell
 * (network file systems, no inotify watches left, the folder gone). Never throws.
 */
export type WatchFolder = (
  folder: string,
  onChange: () => void,
  onFailure: (cause: Error) => void,
) => FolderWatch

/** WatchFolder by fs.watch. It keeps no process alive. */
export const watchFolder: WatchFolder = (folder, onChange, onFailure) => {
  try {
    const watcher = watch(folder, { persistent: false }, onChange)
    watcher.once('error', cause => {
      watcher.close()
      onFailure(cause)
    })
    // A watcher that has failed or was closed may report once more.
    watcher.on('error', () => undefined)
    return watcher
  } catch (cause) {
    onFailure(cause as Error)
    return { close: () => undefined }
  }
}
