// Preloaded into the processes of a daemon (--import): each writes the URLs of the modules that it loads to a file of its
// own, named by its number, in the folder that the query names.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'

const file = join(new URL(import.meta.url).searchParams.get('folder')!, `${process.pid}`)

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(file, `${url}\n`)
    return nextLoad(url, context)
  },
})
