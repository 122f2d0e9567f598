/** The parts of the process that a command uses. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Calls the listener for each SIGTERM and Ctrl-C. Returns the function that stops listening. */
  onStop(listener: (isFirst: boolean) => void): () => void
}
