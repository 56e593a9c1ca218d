/** Whether one of the things that clients need is there, and if not, why. */
export interface Readiness {
  readonly part: 'keys' | 'trust' | 'database'
  readonly ready: boolean
  /** For people; undefined when there is nothing to say. */
  readonly why: string | undefined
}
