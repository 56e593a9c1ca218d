export type CheckArea = 'configuration' | 'credentials' | 'trust' | 'vomsdir' | 'database' | 'audit' | 'ports'

/**
 * Something that `vouchd check` found: an error keeps clients from being served, a warning deserves a look, a note is as it
 * should be. */
export interface CheckFinding {
  readonly area: CheckArea
  readonly level: 'error' | 'warning' | 'note'
  /** The key of the configuration, or the file. */
  readonly place: string
  readonly what: string
  readonly advice: string
}
