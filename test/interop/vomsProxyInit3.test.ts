import { clientSuite } from './clientSuite.ts'
import { vomsProxyInit3Clients } from './vomsProxyInit3.ts'
import { startVouchd } from './vouchd.ts'

clientSuite('voms-proxy-init3', vomsProxyInit3Clients, startVouchd)
