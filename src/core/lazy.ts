/**
 * A part of the library that only some programs need, or that no program needs before its first call. It is loaded when it is
 * asked for, and is there at once from then on. Give it a plain `import()`, so that bundlers see what is imported.
 */
export class Lazy<Part> {
  readonly #import: () => Promise<Part>
  #part: Part | undefined
  #loading: Promise<Part> | undefined

  constructor(load: () => Promise<Part>) {
    this.#import = load
  }

  /** `undefined` until it is loaded. */
  get loaded(): Part | undefined {
    return this.#part
  }

  /** @throws what the import throws. The next call tries again: the process may have been out of file descriptors. */
  load(): Promise<Part> {
    this.#loading ??= this.#import().then(
      (part) => {
        this.#part = part
        return part
      },
      (error: unknown) => {
        this.#loading = undefined
        throw error
      },
    )
    return this.#loading
  }

  /** Takes a part that was imported elsewhere. It counts as loaded from then on. */
  provide(part: Part): void {
    this.#part = part
    this.#loading = Promise.resolve(part)
  }
}
