/** A benchmark as `npm run bench` runs it. */
export interface Benchmark {
  readonly name: string
  /** Its file, from this folder. */
  readonly script: string
  readonly args: readonly string[]
  /** For a short run that shows that it works. */
  readonly quick: readonly string[]
}

/** Few and small rounds, little warm-up. */
const QUICK = ['--rounds', '3', '--count', '100', '--warmup', '200']

/** In the order in which they run. All together take some forty minutes on two quiet cores, `scale` a third of it. */
export const BENCHMARKS: readonly Benchmark[] = [
  { name: 'issue', script: 'load/issue.ts', args: [], quick: QUICK },
  { name: 'dual', script: 'load/dual.ts', args: [], quick: QUICK },
  {
    name: 'keepalive',
    script: 'load/keepalive.ts',
    args: [],
    quick: ['--rounds', '3', '--count', '200', '--warmup', '200'],
  },
  { name: 'hotpath', script: 'micro/hotpath.ts', args: [], quick: ['--rounds', '3', '--scale', '20'] },
  {
    name: 'signing',
    script: 'micro/sign.ts',
    args: ['--count', '300'],
    quick: ['--rounds', '2', '--count', '50'],
  },
  { name: 'workers', script: 'load/workers.ts', args: [], quick: QUICK },
  {
    name: 'scale',
    script: 'load/scale.ts',
    args: ['--total', '200000'],
    quick: ['--sizes', '1000,1000x50,10000', '--rounds', '2', '--count', '100', '--warmup', '100'],
  },
  {
    name: 'overload',
    script: 'load/overload.ts',
    args: ['--seconds', '10', '--factors', '0.5,1,2,4'],
    quick: ['--seconds', '2', '--factors', '0.5,1,4'],
  },
  {
    name: 'overloadTenfold',
    script: 'load/overload.ts',
    args: ['--seconds', '10', '--factors', '0.5,1,4,10', '--host-bits', '4096'],
    quick: ['--seconds', '2', '--factors', '0.5,1,10', '--host-bits', '4096'],
  },
  { name: 'slowClients', script: 'load/slowClients.ts', args: [], quick: ['--count', '200'] },
  { name: 'audit', script: 'load/audit.ts', args: [], quick: QUICK },
  {
    name: 'floor',
    script: 'load/floor.ts',
    args: [],
    quick: ['--rounds', '2', '--count', '50'],
  },
  {
    name: 'connections',
    script: 'load/issue.ts',
    // Of 256 at once some would wait longer than clients may by default.
    args: [
      '--connections',
      '1,4,16,64,256',
      '--warmup',
      '2000',
      '--config',
      '[limits]\nmaxWaitMilliseconds = 10000\n',
    ],
    quick: ['--connections', '1,64', '--rounds', '2', '--count', '64', '--warmup', '100'],
  },
  {
    name: 'credentials',
    script: 'load/issue.ts',
    args: [
      '--host',
      'rsa,ec,dual',
      '--ac',
      'rsa,ec',
      '--chain',
      'eec,proxy',
      '--protocol',
      'rest,legacy',
      '--count',
      '200',
      '--warmup',
      '2000',
    ],
    quick: [
      '--host',
      'ec',
      '--ac',
      'rsa,ec',
      '--chain',
      'eec',
      '--protocol',
      'rest,legacy',
      '--rounds',
      '2',
      '--count',
      '50',
      '--warmup',
      '100',
    ],
  },
]
