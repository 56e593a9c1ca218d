import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { buildRestRequest, formatRestRequest } from '../../native-free/wire/buildRestRequest.ts'
import { parseLegacyAnswer } from '../../native-free/wire/legacyAnswer.ts'
import { formatLegacyRequest } from '../../native-free/wire/legacyRequest.ts'
import { parseRestAnswer } from '../../native-free/wire/restAnswer.ts'
import type { AcRequest, ReceivedAnswer } from '../../native-free/wire/types.ts'
import type { DemoGrid } from './demoGrid.ts'

/** Asks over REST. `line` is the request as it went over the wire, its first line. */
export async function askOverRest(grid: DemoGrid, port: number, request: AcRequest) {
  const rest = buildRestRequest(request, 'localhost', port)
  const answer = await exchange(grid, port, formatRestRequest(rest))
  const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4)
  return { line: `GET ${rest.target}`, ac: acOf(parseRestAnswer(body)) }
}

/** Asks in the legacy XML protocol, on the same port. */
export async function askOverLegacy(grid: DemoGrid, port: number, request: AcRequest) {
  const document = formatLegacyRequest(request)
  const answer = parseLegacyAnswer(await exchange(grid, port, document))
  return { line: Buffer.from(document).toString(), ac: acOf(answer) }
}

function acOf({ ac, errors }: ReceivedAnswer): Uint8Array {
  if (ac === undefined || errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '))
  return ac
}

/** One request, one connection, as VOMS clients do it: the server closes after its answer. */
function exchange(grid: DemoGrid, port: number, request: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port, servername: 'localhost' },
      cert: readFileSync(grid.userCertificate),
      key: readFileSync(grid.userKey),
      ca: readFileSync(`${grid.trustDirectory}/ca-0.pem`),
    })
    const chunks: Buffer[] = []
    socket.once('secureConnect', () => socket.write(request))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('error', reject)
    socket.once('end', () => resolve(Buffer.concat(chunks)))
    socket.setTimeout(10_000, () => socket.destroy(new Error('the daemon does not answer')))
  })
}
