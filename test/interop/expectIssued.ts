import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { readAcIndependently } from '../independent/readAc.ts'
import { readNames } from '../independent/readNames.ts'
import type { AcAnswer, AcRequest } from './acRequest.ts'
import type { Expectation } from './cases.ts'
import type { Client, Place } from './client.ts'
import { VO } from './dump.ts'
import { pemBlocks } from './proxyFile.ts'
import { arcproxyInfo, type ProxyReport, vomsProxyInfo, vomsVerify } from './proxyTools.ts'
import type { UserName } from './world.ts'

type Issued = Extract<Expectation, { kind: 'issued' }>

/** That the client succeeded, and that every reader at hand finds in its proxy what was expected. */
export async function expectIssued(
  client: Client,
  request: AcRequest,
  expected: Issued,
  answer: AcAnswer,
  place: Place,
): Promise<void> {
  expect(answer.code, answer.output).toBe(0)
  if (expected.warning !== undefined && client.warnings === 'shown')
    expect(answer.output).toMatch(expected.warning)
  else expect(answer.output).not.toMatch(/warning|shortened|not the first selected/i)
  expect(answer.acs).toHaveLength(1)
  await expectAc(client, request.user, expected, answer.acs[0]!, place)
  if (answer.proxyFile !== undefined) await expectProxy(client, request, expected, answer.proxyFile, place)
}

/** The AC itself, decoded and its signature verified by a reader that shares no code with the server. */
async function expectAc(client: Client, user: UserName, expected: Issued, der: Uint8Array, place: Place) {
  const ac = await readAcIndependently(der)
  const holder = await namesIn(place.world.users[user].certificate)
  const issuer = await namesIn(place.world.host.certificate)
  expect(ac.signatureValid).toBe(true)
  expect(ac.certificates.map(hex)).toEqual([issuer.der])
  expect(hex(ac.issuer)).toBe(issuer.subject)
  expect(ac.keyIdentifier).toBe(issuer.keyIdentifier)
  expect(ac.noRevAvail).toBe(true)
  expect(hex(ac.holder.name)).toBe(holder.subject)
  expect(ac.holder.serial).toBe(holder.serial)
  expect(ac.policyAuthority).toBe(`${VO}://${place.world.uri}`)
  expect(ac.fqans).toEqual(expected.fqans.map(longForm))
  expect(ac.attributes).toEqual(expected.attributes ?? [])
  expect(ac.targets).toEqual(expected.targets ?? [])
  const seconds = (ac.notAfter.getTime() - ac.notBefore.getTime()) / 1000
  expect(seconds).toBe(expected.lifetimeSeconds ?? client.defaultLifetimeSeconds)
}

/** What the client made of it: a proxy that the tools of its family and of the others accept. */
async function expectProxy(
  client: Client,
  request: AcRequest,
  expected: Issued,
  proxyFile: string,
  place: Place,
) {
  const programs = client.programs
  const reports = [
    await vomsProxyInfo('voms-proxy-info2', proxyFile, place),
    ...(programs.includes('voms-proxy-info3')
      ? [await vomsProxyInfo('voms-proxy-info3', proxyFile, place)]
      : []),
  ]
  for (const report of reports) expectReport(report, expected, place)
  // arcproxy shows the ACs of the whole chain, and the proxy that was asked with has one of its own.
  if (programs.includes('arcproxy') && request.from !== 'proxyWithAc') {
    expectReport(await arcproxyInfo(proxyFile, place), expected, place)
  }
  const verified = await vomsVerify(proxyFile, place)
  expect(verified.code, verified.stderr).toBe(0)
  expect(verified.stdout).toMatch(/Certificate chain verified succesfully/)
}

function expectReport(report: ProxyReport, expected: Issued, place: Place): void {
  expect(report.finished.code, report.finished.stderr).toBe(0)
  expect(report.fqans).toEqual(expected.fqans)
  const attributes = (expected.attributes ?? []).map(
    ({ name, value, qualifier }) => `${name} = ${value} (${qualifier})`,
  )
  expect(report.attributes).toEqual(attributes)
  expect(report.uri).toBe(place.world.uri)
}

async function namesIn(certificateFile: string) {
  const [der] = pemBlocks(await readFile(certificateFile, 'latin1'), 'CERTIFICATE')
  return readNames(der!)
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')

/** An FQAN as servers issue it by default. */
export function longForm(fqan: string): string {
  return fqan.includes('/Role=') ? `${fqan}/Capability=NULL` : `${fqan}/Role=NULL/Capability=NULL`
}
