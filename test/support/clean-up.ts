/** What `AsyncDisposableStack` does, which Node 22 does not have: ends what was made, the last first. */
export class CleanUp implements AsyncDisposable {
  readonly #all: Array<() => unknown> = []

  use<T extends AsyncDisposable>(made: T): T {
    this.#all.push(() => made[Symbol.asyncDispose]())
    return made
  }

  defer(end: () => unknown): void {
    this.#all.push(end)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#all.splice(0).reverse()) await end()
  }
}
