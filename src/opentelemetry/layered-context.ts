import type { Context } from '@opentelemetry/api'

/** A context with one more value than its parent. The contexts of the API copy all values and make three functions, for each call anew. */
export class LayeredContext implements Context {
  readonly #parent: Context
  readonly #key: symbol
  readonly #value: unknown

  constructor(parent: Context, key: symbol, value: unknown) {
    this.#parent = parent
    this.#key = key
    this.#value = value
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#parent.getValue(key)
  }

  setValue(key: symbol, value: unknown): Context {
    return new LayeredContext(this, key, value)
  }

  deleteValue(key: symbol): Context {
    return new LayeredContext(this, key, undefined)
  }
}
