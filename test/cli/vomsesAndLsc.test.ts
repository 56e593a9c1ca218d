import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCa } from '../pki/createCa.ts'
import { writeCertificateFile } from '../pki/credentialFiles.ts'
import { storedRsaKey } from '../pki/keys.ts'
import { runInProcess } from './runInProcess.ts'
import { DECADES, issueHost, makeSite, type Site } from './siteFolder.ts'

let site: Site
beforeAll(() => {
  site = makeSite()
})
afterAll(() => site.remove())

const HOST = '/C=IT/O=G/CN=voms.example.org'
const CA = '/C=IT/O=G/CN=CA'

describe('vouchd vomses', () => {
  it('prints the line of every VO', async () => {
    const { code, out, err } = await runInProcess('vomses', '--config', site.config)
    expect(out).toBe(`"vo.0" "voms.example.org" "15000" "${HOST}" "vo.0"\n`)
    expect([code, err]).toEqual([0, ''])
  })

  it('prints JSON', async () => {
    const { out } = await runInProcess('--config', site.config, 'vomses', '-json')
    expect(JSON.parse(out)).toEqual([
      {
        vo: 'vo.0',
        host: 'voms.example.org',
        port: 15000,
        dn: HOST,
        file: '/etc/vomses/vo.0-voms.example.org',
        line: `"vo.0" "voms.example.org" "15000" "${HOST}" "vo.0"`,
      },
    ])
  })

  it('names the VOs there are when asked for another', async () => {
    const run = await runInProcess('vomses', '-c', site.config, '-vo', 'vo.1')
    expect(run).toEqual({ code: 2, out: '', err: 'vouchd: VO vo.1 is not configured; there are: vo.0\n' })
  })
})

describe('vouchd lsc', () => {
  it('prints the bare file of one VO', async () => {
    const { code, out } = await runInProcess('lsc', '-c', site.config, '--vo', 'vo.0')
    expect(out).toBe(`${HOST}\n${CA}\n`)
    expect(code).toBe(0)
  })

  it('heads each file with its path', async () => {
    const { out } = await runInProcess('lsc', '-c', site.config)
    expect(out).toBe(`# /etc/grid-security/vomsdir/vo.0/voms.example.org.lsc\n${HOST}\n${CA}\n`)
  })

  it('adds a pair for each further certificate that goes into ACs', async () => {
    const root = createCa({ subject: '/C=IT/O=G/CN=Root', ...DECADES })
    const middle = createCa({ subject: '/C=IT/O=G/CN=Middle', issuer: root, ...DECADES })
    writeCertificateFile(site.path('ac.pem'), issueHost(middle, storedRsaKey(2048)))
    writeCertificateFile(site.path('middle.pem'), middle)
    site.configure(
      '',
      'acCredential = { certificate = "ac.pem", key = "host.key" }\nacIntermediates = "middle.pem"',
    )
    const { out } = await runInProcess('lsc', '-c', site.config, '--json')
    expect(JSON.parse(out)[0].lines).toEqual([
      HOST,
      '/C=IT/O=G/CN=Middle',
      '/C=IT/O=G/CN=Middle',
      '/C=IT/O=G/CN=Root',
    ])
  })

  it('escapes what a certificate smuggles into a terminal', async () => {
    const name = [{ type: 'CN', value: 'a\x1b[31m\nb' }]
    writeCertificateFile(site.path('ac.pem'), issueHost(site.ca, storedRsaKey(2048), { subject: name }))
    const { out } = await runInProcess('lsc', '-c', site.config, '--vo', 'vo.0')
    expect(out).toContain('/CN=a\\x1B[31m\\x0Ab\n')
  })

  it('says what is wrong with the certificate file', async () => {
    writeFileSync(site.path('ac.pem'), '')
    const run = await runInProcess('lsc', '-c', site.config)
    expect(run.code).toBe(1)
    expect(run.err).toBe(
      `vouchd: ${site.path('ac.pem')} holds no PEM certificate; write the certificate there, in PEM\n`,
    )
  })
})
