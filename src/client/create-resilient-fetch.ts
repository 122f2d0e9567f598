import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { ResilientClientOptions } from './options.ts'
import { ResilientClient } from './resilient-client.ts'

/** A drop-in `fetch` with its own client, which it can close. */
export interface ResilientFetch extends FetchFunction {
  /** Accepts no more calls, lets running calls finish, and closes every connection. */
  close(): Promise<void>
  /** Ends running calls with `ClientClosedError` and destroys every connection. */
  destroy(): Promise<void>
}

/**
 * Creates only a function: `const fetch = createResilientFetch({ transport: fetchTransport(myFetch) })`.
 *
 * @throws ConfigurationError as the constructor of `ResilientClient`.
 */
export function createResilientFetch(options: ResilientClientOptions = {}): ResilientFetch {
  const client = new ResilientClient(options)
  // Another function than the client's, because it gets methods. Its name and length are those of the built-in fetch.
  const { fetch } = {
    fetch(input: Parameters<FetchFunction>[0], init: RequestInit | undefined = undefined): Promise<Response> {
      return client.fetch(input, init)
    },
  }
  return Object.assign(fetch, { close: () => client.close(), destroy: () => client.destroy() })
}
