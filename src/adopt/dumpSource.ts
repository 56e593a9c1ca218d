import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { MysqldumpReader } from './mysqldump.ts'
import type { RowSource } from './RowSource.ts'

/** The rows of a mysqldump file. Throws the file system's own errors; rows() throws DumpError as well. */
export async function openDump(file: string): Promise<RowSource> {
  const { size } = await stat(file)
  const reader = new MysqldumpReader()
  return {
    name: file,
    tables: reader.tables,
    async *rows() {
      for await (const chunk of createReadStream(file)) yield reader.push(chunk as Buffer)
      reader.end()
    },
    progress: () => ({ done: reader.offset, total: size, unit: 'bytes' }),
  }
}
