import { clientSuite } from './clientSuite.ts'
import { ownClients } from './ownClient.ts'
import { startVouchd } from './vouchd.ts'

clientSuite('vouchd-proxy-init', ownClients, startVouchd)
