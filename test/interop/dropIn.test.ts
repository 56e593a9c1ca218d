import { arcproxyClients } from './arcproxy.ts'
import { clientSuite } from './clientSuite.ts'
import { curlClients } from './curl.ts'
import { dropIn } from './dropIn.ts'
import { vomsProxyInit2Clients } from './vomsProxyInit2.ts'
import { vomsProxyInit3Clients } from './vomsProxyInit3.ts'

// One of each family, the last one over the legacy protocol; what else differs between the ways to run a client lies
// before the members are looked up, which is what this server does otherwise. For the same reason two of them try
// every case, one for each protocol; the others, which take seconds each time, those that show an answer of each kind.
const NAMES = ['curl', 'voms-proxy-init2', 'voms-proxy-init3', 'arcproxy --oldcom']
const TRY_ALL = ['curl', 'arcproxy --oldcom']
const OF_EACH_KIND = [
  'plain membership',
  'role in group',
  'all',
  'list',
  'order',
  'from a proxy with AC, within it',
  'attributes of all three kinds, one of 255 characters',
  'unknown',
  'suspended',
  'role not held',
]
const clients = [...curlClients, ...vomsProxyInit2Clients, ...vomsProxyInit3Clients, ...arcproxyClients]

clientSuite(
  'drop-in',
  clients.filter(({ name }) => NAMES.includes(name)),
  { ...dropIn, tries: (client, one) => TRY_ALL.includes(client.name) || OF_EACH_KIND.includes(one.name) },
)
