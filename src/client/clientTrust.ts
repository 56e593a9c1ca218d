import type { ChainPolicy } from '../../native-free/proxy/types.ts'
import { type Authenticator, createAuthenticator } from '../authenticate/authenticate.ts'
import { loadTrustDirectory, NOTHING_LOADED } from '../authenticate/trust/loadTrustDirectory.ts'
import type { Clock } from '../clock.ts'
import { TABLES } from '../config/schema.ts'

/** The trust directory as a client uses it: for certificates of servers, AC issuers and proxies. */
export interface ClientTrust {
  readonly folder: string
  /** No chain can be judged where this is 0. */
  readonly cas: number
  readonly authenticator: Pick<Authenticator, 'authenticate'>
}

/**
 * Loads a trust directory and judges by it as the daemon does by default, with two differences: intermediate CAs
 * may come along, as web servers send theirs, and a CA without a policy file may sign any name, since here a host
 * name or an LSC file says which certificate is meant. Never fails; an unreadable folder holds no CA.
 */
export async function loadClientTrust(folder: string, clock: Clock): Promise<ClientTrust> {
  const { snapshot } = await loadTrustDirectory(folder, NOTHING_LOADED, { clock })
  const policy: ChainPolicy = {
    ...TABLES.authentication.parse({}),
    allowSentIntermediates: true,
    namespaces: 'ifPresent',
  }
  const authenticator = createAuthenticator({ policy }, { snapshot: () => snapshot, clock })
  return { folder, cas: snapshot.cas.length, authenticator }
}
