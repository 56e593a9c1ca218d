/** TrustStoreDeps.after by the process's own timers, which keep no process alive. */
export function after(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds).unref()
  return () => clearTimeout(timer)
}
