import { AbortScope } from '../core/abort.ts'
import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { FetchHost } from './fetch-host.ts'
import { type FetchRequest, InputUrls, takeApart } from './fetch-request.ts'
import { lazyPerformFetch } from './lazy-perform-fetch.ts'

/** In the shape that SDKs know. */
function notLoaded(cause: unknown): never {
  throw new TypeError('fetch failed', { cause })
}

/** Creates a `fetch` that makes calls of a client. Needs no `this`. */
export function createDropInFetch(host: FetchHost): FetchFunction {
  const urls = new InputUrls()
  async function call(input: Parameters<FetchFunction>[0], init: RequestInit | undefined): Promise<Response> {
    // openai probes the environment with `fetch('data:,')`. Such addresses are not network calls.
    const url = urls.urlOf(input)
    if (url.protocol === 'data:' || url.protocol === 'blob:') return globalThis.fetch(input, init)
    host.assertOpen()
    const taken = takeApart(url, input, init, host.handsOn)
    const scope = new AbortScope(taken.signal)
    // The call begins here, because reading its body may take time.
    host.begin(scope)
    let request: FetchRequest
    try {
      if (scope.aborted) taken.release(scope.reason)
      scope.throwIfAborted()
      request = await taken.request(scope)
      if (url.protocol !== 'https:' && url.protocol !== 'http:') {
        throw new TypeError('fetch failed', { cause: new Error(`${url.protocol} addresses are not fetched.`) })
      }
      scope.throwIfAborted()
    } catch (error) {
      scope.dispose()
      host.end(scope)
      throw error
    }
    try {
      const performFetch = lazyPerformFetch.loaded ?? (await lazyPerformFetch.load().catch(notLoaded))
      scope.throwIfAborted()
      return await performFetch(host, request, scope)
    } catch (error) {
      if (scope.aborted) request.release?.(scope.reason)
      // A running call ends itself. A failure before its start must end it here.
      scope.dispose()
      host.end(scope)
      throw error
    }
  }
  const { fetch } = {
    // Same `length` as the built-in fetch: one required argument. A method keeps its name where code is minified.
    fetch(input: Parameters<FetchFunction>[0], init: Parameters<FetchFunction>[1] = undefined): Promise<Response> {
      return call(input, init)
    },
  }
  return fetch
}
