// What a second, ECDSA host certificate saves: the same load on a daemon that has both kinds, so that handshakes are
// signed with ECDSA and ACs with RSA, and on one with RSA only. Run: node bench/load/dual.ts [options]
import { readOptions } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { versus } from './versus.ts'
import { VERSUS_OPTIONS, versusLoad } from './versusOptions.ts'

const values = readOptions('node bench/load/dual.ts [options]', {
  ...VERSUS_OPTIONS,
  config: { value: '', shape: 'TEXT', about: 'TOML to add before [[vo]] of both' },
})
const load = versusLoad(values)
const { config } = values
const { microseconds, perSecond, ...ratios } = await versus(
  [
    { host: 'dual', config },
    { host: 'rsa', config },
  ],
  load,
)
const [dualMicroseconds, rsaMicroseconds] = microseconds
const [dualPerSecond, rsaPerSecond] = perSecond
printResult(
  {
    benchmark: 'dual',
    setting: { ...load, config },
    node: process.version,
    ...ratios,
    ...{ dualMicroseconds, rsaMicroseconds, dualPerSecond, rsaPerSecond },
  },
  values.json,
)
