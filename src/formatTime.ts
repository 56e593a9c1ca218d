/** Seconds since the epoch as people read them: `2026-01-31 12:00:00 UTC`. */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return `second ${seconds}`
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Seconds as `H:MM:SS`, the way proxy tools show what is left; 0:00:00 when nothing is. */
export function formatTimeLeft(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  return `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`
}

/** Seconds since the epoch for programs: `2026-01-31T12:00:00Z`. */
export function isoTime(seconds: number): string {
  return `${formatTime(seconds).slice(0, -4).replace(' ', 'T')}Z`
}
