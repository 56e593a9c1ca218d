import { homedir } from 'node:os'
import { askSecret, readLine } from './cli/askSecret.ts'
import { confirm } from './cli/confirm.ts'
import { EXIT } from './cli/exitCodes.ts'
import { refuseOldNode } from './cli/nodeVersion.ts'
import { operatorName, userName } from './cli/operatorName.ts'
import { systemClock } from './clock.ts'

const args = process.argv.slice(2)
const refusal = refuseOldNode(process.version, args, process.env)
if (refusal !== undefined) {
  process.stderr.write(`vouchd: ${refusal}\n`)
  process.exitCode = EXIT.node
} else {
  // A reader that goes away (`vouchd member list | head`) is no fault.
  process.stdout.on('error', () => process.exit(EXIT.ok))
  // Only now: the modules behind it may need what an old Node.js lacks.
  const { runCli } = await import('./cli/runCli.ts')
  const { openLog } = await import('./observe/openLog.ts')
  process.exitCode = await runCli(args, {
    out: text => process.stdout.write(text),
    err: text => process.stderr.write(text),
    openLog: cells => openLog(process.stdout.fd, process.env, cells),
    clock: systemClock,
    terminal: process.stderr.isTTY === true,
    stopped: () =>
      new Promise(resolve => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
      }),
    onHangup: work => {
      process.on('SIGHUP', work)
    },
    operator: operatorName(userName(), process.env),
    confirm,
    user: { env: process.env, home: homedir(), uid: process.getuid?.() ?? 0 },
    askSecret,
    readLine: () => readLine(process.stdin),
  })
}
