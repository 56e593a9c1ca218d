import { AdminError, type Fault } from './AdminError.ts'

/** One row of a change of many; `place` is absent where the row came from the command line itself. */
export interface Placed {
  readonly place?: string
}

/** Collects what is wrong with rows, so that all of it is told at once. */
export interface RowCheck {
  /** Does the check of one row; an AdminError that it throws is kept. Gives whether there was none. */
  row(row: Placed, check: () => void): boolean
  /** Throws when something was kept: the error itself for a row without place, else ADMIN_ROWS with all. */
  finish(): void
}

export function checkRows(): RowCheck {
  const faults: Fault[] = []
  return {
    row({ place }, check) {
      try {
        check()
        return true
      } catch (cause) {
        if (!(cause instanceof AdminError) || place === undefined) throw cause
        faults.push({ place, message: cause.message, advice: cause.advice })
        return false
      }
    },
    finish() {
      if (faults.length === 0) return
      const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
      const inOrder = [...faults].sort((a, b) => numberIn(a.place) - numberIn(b.place))
      throw new AdminError('ADMIN_ROWS', `${count} in the rows`, 'correct them and try again', inOrder)
    },
  }
}

/** "line 3" as 3. */
function numberIn(place: string): number {
  return Number(/\d+/.exec(place)?.[0] ?? 0)
}
