/** One thing wrong with a configuration: where, what, and what to do about it. */
export interface ConfigFault {
  /** Key path such as `vo[0].listen[1]`; empty for the file as a whole. */
  readonly path: string
  readonly problem: string
  readonly advice: string
}

/** Every fault of a configuration at once. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[]
  constructor(faults: readonly ConfigFault[]) {
    super(faults.map(formatConfigFault).join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

export function formatConfigFault(fault: ConfigFault): string {
  const place = fault.path === '' ? '' : `${fault.path}: `
  return `${place}${fault.problem}; ${fault.advice}`
}
