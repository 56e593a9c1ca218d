import { clientSuite } from './clientSuite.ts'
import { vomsProxyInit2Clients } from './vomsProxyInit2.ts'

clientSuite('voms-proxy-init2', vomsProxyInit2Clients)
