/** What a command sees of the process. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Told of each SIGTERM and Ctrl-C. Returns the function that stops listening. */
  onStop(listener: (isFirst: boolean) => void): () => void
}
