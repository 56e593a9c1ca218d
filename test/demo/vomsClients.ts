import { join } from 'node:path'
import { missing } from '../interop/programs.ts'
import { run, runOk } from '../interop/run.ts'
import { DEMO_VO, type DemoGrid } from './demoGrid.ts'

/** Lets the installed C++ client get a proxy with an AC and print it, or says how to install it. */
export async function tryVomsProxyInit(folder: string, grid: DemoGrid, fqan: string): Promise<string> {
  const absent = missing(['voms-proxy-init2', 'voms-proxy-info2'])
  if (absent !== undefined) return `(${absent})\n`
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    X509_CERT_DIR: grid.trustDirectory,
    X509_VOMS_DIR: grid.vomsdir,
  }
  const proxy = join(folder, 'voms-proxy')
  const credential = ['-cert', grid.userCertificate, '-key', grid.userKey]
  const args = ['-voms', `${DEMO_VO}:${fqan}`, '-vomses', grid.vomses, ...credential, '-out', proxy]
  const { code, stdout, stderr } = await run('voms-proxy-init2', args, { env, cwd: folder })
  if (code !== 0) throw new Error(`voms-proxy-init2 failed:\n${stdout}${stderr.replace(/[.+*]{9,}/g, '')}`)
  const report = await runOk('voms-proxy-info2', ['-all', '-file', proxy], { env })
  return `$ voms-proxy-init -voms ${DEMO_VO}:${fqan}\n$ voms-proxy-info -all\n${report}`
}
