import { AdminError, type Fault } from './AdminError.ts'

/** One row of a change of many; `place` is absent where the row came from the command line itself. */
export interface Placed {
  readonly place?: string
}

/** A row as far as it could be read: what is undefined has been told to the check as a fault. */
export type RowOf<T> = { readonly [Field in keyof T]: T[Field] | undefined }

/** Collects what is wrong with rows, so that all of it is told at once. */
export interface RowCheck {
  /** Does one check of a row, which may have several; an AdminError that it throws is kept. */
  row(row: RowOf<Placed>, check: () => void): void
  /** The same for a check that gives something: undefined where it threw. */
  read<T>(row: RowOf<Placed>, read: () => T): T | undefined
  /** Throws when something was kept: the error itself for a row without place, else ADMIN_ROWS with all. */
  finish(): void
  /** The same, for rows that are whole where nothing was kept. */
  whole<T>(rows: readonly RowOf<T>[]): readonly T[]
}

export function checkRows(): RowCheck {
  const faults: Fault[] = []

  function read<T>({ place }: RowOf<Placed>, check: () => T): T | undefined {
    try {
      return check()
    } catch (cause) {
      if (!(cause instanceof AdminError) || place === undefined) throw cause
      faults.push({ place, message: cause.message, advice: cause.advice })
      return undefined
    }
  }

  function finish(): void {
    if (faults.length === 0) return
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
    const inOrder = [...faults].sort((a, b) => numberIn(a.place) - numberIn(b.place))
    throw new AdminError('ADMIN_ROWS', `${count} in the rows`, 'correct them and try again', inOrder)
  }

  return {
    row: read,
    read,
    finish,
    whole<T>(rows: readonly RowOf<T>[]) {
      finish()
      return rows as readonly T[]
    },
  }
}

/** "line 3" as 3. */
function numberIn(place: string): number {
  return Number(/\d+/.exec(place)?.[0] ?? 0)
}
