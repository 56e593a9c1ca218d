import { arcproxyClients } from './arcproxy.ts'
import { clientSuite } from './clientSuite.ts'
import { startVouchd } from './vouchd.ts'

clientSuite('arcproxy', arcproxyClients, startVouchd)
