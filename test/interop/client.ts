import { join } from 'node:path'
import type { AcAnswer, AcRequest } from './acRequest.ts'
import type { Program } from './programs.ts'
import type { Credential, World } from './world.ts'

/** Where and against what one case runs. */
export interface Place {
  readonly world: World
  /** Port that clients are sent to: the server's, or that of a front before it. */
  readonly port: number
  /** A folder of this case alone. */
  readonly folder: string
  /** The proxy to ask with, a proxy file; undefined: the user's own certificate. */
  readonly proxy: string | undefined
}

/** The driver of one client in one way of using it. */
export interface Client {
  readonly name: string
  readonly programs: readonly Program[]
  /** In which ACs come to it this way. */
  readonly protocol: 'rest' | 'legacy'
  /** How many connections are closed without an answer first, so that the client turns to the legacy protocol. */
  readonly unanswered: number
  /** What it does with a warning beside an AC: some take any for an error, some say nothing. */
  readonly warnings: 'shown' | 'hidden' | 'taken as errors'
  /** Of the AC when the request names none: what the client then asks for, or the server's maximum. */
  readonly defaultLifetimeSeconds: number
  /** Why this client has no way to ask that, or undefined. */
  notOffered(request: AcRequest): string | undefined
  /** Why this client refuses by itself, before it asks any server, or undefined. */
  refusesItself(request: AcRequest): string | undefined
  /** How the client names the host that it runs on, when it compares that with an AC's targets. */
  ownHostName(): Promise<string>
  ask(request: AcRequest, place: Place): Promise<AcAnswer>
}

/** The environment of a client: nothing of the machine's own grid configuration. */
export function gridEnvironment(place: Place, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: place.folder,
    LC_ALL: 'C',
    X509_CERT_DIR: place.world.trustDirectory,
    X509_VOMS_DIR: place.world.vomsdir,
    ...more,
  }
}

/** The user's credential as the client is to present it: the EEC's files. */
export function credentialOf(request: AcRequest, place: Place): Credential {
  return place.world.users[request.user]
}

export const proxyFileOf = (place: Place) => join(place.folder, 'proxy')

/** HOURS:MINUTES, as the VOMS clients take lifetimes. */
export function hoursAndMinutes(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
}
