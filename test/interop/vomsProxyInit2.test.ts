import { clientSuite } from './clientSuite.ts'
import { vomsProxyInit2Clients } from './vomsProxyInit2.ts'
import { startVouchd } from './vouchd.ts'

clientSuite('voms-proxy-init2', vomsProxyInit2Clients, startVouchd)
