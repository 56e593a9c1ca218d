import { clientSuite } from './clientSuite.ts'
import { curlClients } from './curl.ts'

clientSuite('curl', curlClients)
