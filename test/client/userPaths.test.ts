import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import {
  defaultCertDir,
  defaultCredential,
  defaultProxyFile,
  defaultVomsdir,
  defaultVomses,
  siblingKey,
} from '../../src/client/userPaths.ts'

const home = mkdtempSync(join(tmpdir(), 'vouchd-home-'))
afterAll(() => rmSync(home, { recursive: true }))
beforeEach(() => {
  rmSync(join(home, '.globus'), { recursive: true, force: true })
  rmSync(join(home, '.voms'), { recursive: true, force: true })
})
const place = (env: Record<string, string> = {}) => ({ env, home, uid: 4711 })
const touch = (name: string) => {
  mkdirSync(join(home, name, '..'), { recursive: true })
  writeFileSync(join(home, name), '')
}

it.each([
  [defaultProxyFile, 'X509_USER_PROXY', '/tmp/x509up_u4711'],
  [defaultCertDir, 'X509_CERT_DIR', '/etc/grid-security/certificates'],
  [defaultVomsdir, 'X509_VOMS_DIR', '/etc/grid-security/vomsdir'],
])('%o: the environment, else the usual place', (path, variable, usual) => {
  expect(path(place({ [variable]: '/elsewhere' }))).toBe('/elsewhere')
  expect(path(place({ [variable]: '' }))).toBe(usual)
  expect(path(place())).toBe(usual)
})

describe('the credential', () => {
  const usual = { certificate: join(home, '.globus/usercert.pem'), key: join(home, '.globus/userkey.pem') }

  it('is PEM before PKCS#12', () => {
    touch('.globus/usercred.p12')
    const pkcs12 = join(home, '.globus/usercred.p12')
    expect(defaultCredential(place())).toEqual({ certificate: pkcs12, key: pkcs12 })
    touch('.globus/usercert.pem')
    expect(defaultCredential(place())).toEqual(usual)
    expect(defaultCredential(place({ X509_USER_KEY: '/k' }))).toEqual({ ...usual, key: '/k' })
  })

  it('is named by the usual file when there is none', () => {
    expect(defaultCredential(place())).toEqual(usual)
  })

  it('comes from the environment, the key from the same file unless that is named, too', () => {
    expect(defaultCredential(place({ X509_USER_CERT: '/c' }))).toEqual({ certificate: '/c', key: '/c' })
    expect(defaultCredential(place({ X509_USER_CERT: '/c', X509_USER_KEY: '/k' }))).toEqual({
      certificate: '/c',
      key: '/k',
    })
    expect(siblingKey(usual.certificate, usual)).toBe(usual.key)
  })
})

it('vomses: the environment alone, else every usual path that exists', () => {
  expect(defaultVomses(place({ X509_VOMSES: '/v' }))).toEqual(['/v'])
  expect(defaultVomses(place({ VOMS_USERCONF: '/u' }))).toEqual(['/u'])
  touch('.voms/vomses')
  expect(defaultVomses(place())).toContain(join(home, '.voms/vomses'))
  expect(defaultVomses(place())).not.toContain(join(home, '.glite/vomses'))
})
