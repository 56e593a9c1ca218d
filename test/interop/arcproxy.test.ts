import { arcproxyClients } from './arcproxy.ts'
import { clientSuite } from './clientSuite.ts'

clientSuite('arcproxy', arcproxyClients)
