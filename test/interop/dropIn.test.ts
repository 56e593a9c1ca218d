import { arcproxyClients } from './arcproxy.ts'
import { clientSuite } from './clientSuite.ts'
import { curlClients } from './curl.ts'
import { dropIn } from './dropIn.ts'
import { vomsProxyInit2Clients } from './vomsProxyInit2.ts'
import { vomsProxyInit3Clients } from './vomsProxyInit3.ts'

// One of each family, the last one over the legacy protocol; what else differs between the ways to run a client lies
// before the members are looked up, which is what this server does otherwise.
const NAMES = ['curl', 'voms-proxy-init2', 'voms-proxy-init3', 'arcproxy --oldcom']
const clients = [...curlClients, ...vomsProxyInit2Clients, ...vomsProxyInit3Clients, ...arcproxyClients]

clientSuite(
  'drop-in',
  clients.filter(({ name }) => NAMES.includes(name)),
  dropIn,
)
