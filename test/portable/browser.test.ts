import { spawn } from 'node:child_process'
import { accessSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../native-free/bytes/base64.ts'
import { goldenIssuer } from '../fakes/goldenAcs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CHROMIUM = '/usr/bin/chromium'
const DEMANDED = process.env['VOUCHD_REQUIRE_INTEROP'] === '1'

function isThere(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

/** What the page does with the library: make, sign, read and verify an AC, and bend it to see it refused. */
const PAGE = `<!doctype html><meta charset="utf-8"><pre id="out">running</pre><script type="module">
import * as core from '/native-free/index.ts'
const out = document.getElementById('out')
try {
  const { issuer, key } = await (await fetch('/issuer.json')).json()
  const certificate = core.parseCertificate(core.fromBase64(issuer))
  const template = core.acTemplate({ vo: 'vo.0', uri: 'voms.example.org:15000', issuerCertificates: [certificate.der], digest: 'sha256' })
  const now = certificate.notBefore + 1000
  const tbs = core.encodeTbs(template, {
    holderName: certificate.subject.der, holderSerial: certificate.serial, serial: crypto.getRandomValues(new Uint8Array(16)),
    notBefore: now, notAfter: now + 3600, fqans: ['/vo.0/Role=NULL/Capability=NULL'], attributes: [{ name: 'n', value: 'wört', qualifier: 'vo.0' }], targets: [],
  })
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const signer = await crypto.subtle.importKey('pkcs8', core.fromBase64(key), algorithm, false, ['sign'])
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, signer, tbs))
  const der = core.assemble(tbs, template.algorithm, signature)
  const lsc = core.parseLsc(core.onelineF1(certificate.subject) + '\\n' + core.onelineF1(certificate.issuer) + '\\n')
  const options = { lscChains: lsc, trust: () => true, now: now + 1, skewSeconds: 300, holder: certificate, target: undefined, requireExtensions: true }
  const good = await core.verifyAc(crypto.subtle, core.decodeAc(der), options)
  const bent = der.slice()
  bent[bent.length - 1] ^= 1
  const bad = await core.verifyAc(crypto.subtle, core.decodeAc(bent), options)
  const { attributes, fqans } = core.decodeAc(der)
  const answer = core.parseRestAnswer(core.formatRestAnswer({ ac: der, list: undefined, warnings: [], error: undefined }))
  out.textContent = JSON.stringify({ good: good.valid, bad: bad.reason, attributes, fqans, sameAc: core.toHex(answer.ac) === core.toHex(der) })
} catch (error) {
  out.textContent = String(error.stack)
}
document.title = 'done'
</script>`

describe('native-free/ in a browser', () => {
  const name = 'makes, signs, reads and verifies an AC by the browser’s WebCrypto'
  if (!isThere(CHROMIUM) && !DEMANDED) {
    it.skip(`${name}: skipped, no Chromium: apt-get install chromium`, () => {})
    return
  }
  it(name, async () => {
    const files = new Map(
      globSync('native-free/**/*.ts', { cwd: ROOT }).map(file => [
        `/${file}`,
        stripTypeScriptTypes(readFileSync(join(ROOT, file), 'utf8')),
      ]),
    )
    const key = goldenIssuer.key.privateKey.export({ type: 'pkcs8', format: 'der' })
    const issuer = JSON.stringify({ issuer: toBase64(goldenIssuer.der), key: toBase64(new Uint8Array(key)) })
    const server = createServer((request, response) => {
      const source = files.get(request.url ?? '')
      if (source !== undefined) response.setHeader('Content-Type', 'text/javascript').end(source)
      else if (request.url === '/issuer.json') response.end(issuer)
      else if (request.url === '/') response.setHeader('Content-Type', 'text/html').end(PAGE)
      else response.writeHead(404).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const profile = mkdtempSync(join(tmpdir(), 'vouchd-browser-'))
    try {
      const dom = await dumpDom(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, profile)
      const result = /<pre id="out">([\s\S]*?)<\/pre>/.exec(dom)?.[1] ?? dom
      expect(JSON.parse(result)).toEqual({
        good: true,
        bad: 'AC_SIGNATURE_INVALID',
        attributes: [{ name: 'n', value: 'wört', qualifier: 'vo.0' }],
        fqans: ['/vo.0/Role=NULL/Capability=NULL'],
        sameAc: true,
      })
    } finally {
      server.close()
      rmSync(profile, { recursive: true, force: true })
    }
  }, 60_000)
})

/** The page as it stands once its virtual clock has run for ten seconds. */
async function dumpDom(url: string, profile: string): Promise<string> {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
  const page = [`--user-data-dir=${profile}`, '--virtual-time-budget=10000', '--dump-dom', url]
  const child = spawn(CHROMIUM, [...flags, ...quiet, ...page], { stdio: ['ignore', 'pipe', 'ignore'] })
  let dom = ''
  for await (const chunk of child.stdout) dom += chunk
  return dom
}
