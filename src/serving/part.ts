import { isDeepStrictEqual } from 'node:util'

/** A part of the daemon, with what it was opened from: a reload keeps it for as long as that stays the same. */
export interface Part<T> {
  readonly value: T
  /** Plain values, compared in depth. */
  readonly settings: unknown
  /** Parts that it uses, compared by identity: another one of them makes another one of it. */
  readonly uses: readonly unknown[]
  close(): Promise<void> | void
}

/** The part as it was, when it is made of the same; else a new one, which `opened` closes unless it is moved. */
export async function keepOrOpen<T>(
  before: Part<T> | undefined,
  from: Pick<Part<T>, 'settings' | 'uses'>,
  opened: AsyncDisposableStack,
  open: () => Promise<Pick<Part<T>, 'value' | 'close'>> | Pick<Part<T>, 'value' | 'close'>,
): Promise<Part<T>> {
  if (before !== undefined && isMadeOf(before, from)) return before
  const part = { ...from, ...(await open()) }
  opened.defer(() => part.close())
  return part
}

function isMadeOf<T>(part: Part<T>, { settings, uses }: Pick<Part<T>, 'settings' | 'uses'>): boolean {
  return isDeepStrictEqual(part.settings, settings) && uses.every((used, index) => used === part.uses[index])
}

/** Promise.all that waits for every promise before it throws the first failure: nothing is left half open. */
export async function allOrFirstFailure<T extends readonly unknown[]>(
  promises: {
    [K in keyof T]: Promise<T[K]>
  },
): Promise<T> {
  await Promise.allSettled(promises)
  return (await Promise.all(promises)) as unknown as T
}
