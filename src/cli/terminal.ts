/** The parts of the process that a command uses. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Whether stdout shows colours. Default `false`. */
  readonly color?: boolean
  /** Whether a line of stderr can be written over. Default `false`. */
  readonly live?: boolean
  /** Calls the listener for each SIGTERM and Ctrl-C, and for a SIGHUP or the end of `npx` before them. Returns the function that stops listening. */
  onStop(listener: (isFirst: boolean) => void): () => void
}
