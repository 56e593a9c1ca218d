import { clientSuite } from './clientSuite.ts'
import { ownClients } from './ownClient.ts'

clientSuite('vouchd-proxy-init', ownClients)
