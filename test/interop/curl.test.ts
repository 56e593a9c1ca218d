import { clientSuite } from './clientSuite.ts'
import { curlClients } from './curl.ts'
import { startVouchd } from './vouchd.ts'

clientSuite('curl', curlClients, startVouchd)
