import { type Meter, type MeterProvider, metrics } from '@opentelemetry/api'

/**
 * The meter of a given provider, or of the global one at this moment. The API has a proxy for the global tracer provider, but none
 * for the global meter provider: a meter that is asked for before an SDK registers its provider stays without effect.
 */
export class CurrentMeter {
  readonly #scope: string
  readonly #given: MeterProvider | undefined
  #provider: MeterProvider | undefined
  #meter: Meter | undefined

  constructor(scope: string, given: MeterProvider | undefined) {
    this.#scope = scope
    this.#given = given
  }

  /** The same object until another provider is registered. */
  get(): Meter {
    const provider = this.#given ?? metrics.getMeterProvider()
    if (this.#meter === undefined || provider !== this.#provider) {
      this.#meter = provider.getMeter(this.#scope)
      this.#provider = provider
    }
    return this.#meter
  }
}
