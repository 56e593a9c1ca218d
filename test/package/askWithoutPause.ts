// Asks a port of this machine for ACs without pause until its input ends, then prints what came of it:
// node askWithoutPause.ts PORT CONNECTIONS CERTIFICATE KEY
import { readFileSync } from 'node:fs'
import { keyFromPem } from '../pki/keys.ts'
import { startLoad } from '../supervise/load.ts'

const [port, connections, certificate, key] = process.argv.slice(2)
const as = {
  pem: readFileSync(certificate!, 'utf8'),
  key: keyFromPem(readFileSync(key!, 'utf8')),
}
const load = startLoad(() => Number(port), { connections: Number(connections), as })
process.stdout.write('asking\n')
process.stdin.resume().once('end', async () => {
  console.log(JSON.stringify(await load.stop()))
})
