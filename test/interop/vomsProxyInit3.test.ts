import { clientSuite } from './clientSuite.ts'
import { vomsProxyInit3Clients } from './vomsProxyInit3.ts'

clientSuite('voms-proxy-init3', vomsProxyInit3Clients)
