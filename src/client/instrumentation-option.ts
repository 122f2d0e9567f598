import { isObject, type Rule } from '../core/rules.ts'
import type { TelemetryEvent } from '../telemetry/events.ts'
import type { HeadersContext } from './headers-option.ts'

/**
 * Watches the calls of a client from outside: a recorder, or tracing. A plain object, or an instance of a class; its
 * functions are taken when the client is made, and called with it as `this`. At least one of them is needed.
 */
export interface Instrumentation {
  /**
   * Told every telemetry event, as the option `onEvent`. Called at once, in the middle of the call; what it throws, or
   * rejects with, is ignored.
   */
  readonly onEvent?: ((event: TelemetryEvent) => void) | undefined
  /**
   * Makes headers for each attempt, for example `traceparent`; `undefined` adds none. Told what the option `headers` is
   * told, in the asynchronous context of the call. An attempt waits at most 30 s for a promise.
   *
   * Only adds: a header that the endpoint's own headers, the request, `headers` or `apiKey` have stays as it is, and of two
   * instrumentations the first one counts, so that no credential is replaced. To an origin other than that of `baseURL` only
   * `traceparent` and `tracestate` go. A throw, a late promise and a header that no request can carry add nothing, are told
   * as `instrumentation_failed`, and fail no call.
   */
  readonly headers?:
    | ((
        context: HeadersContext,
      ) => Readonly<Record<string, string>> | undefined | PromiseLike<Readonly<Record<string, string>> | undefined>)
    | undefined
}

export const instrumentationsRule: Rule<never> = {
  accepts: 'an array of objects, each with a function onEvent, a function headers, or both',
  test: (value) => Array.isArray(value) && value.every(isInstrumentation),
  // Headers that are given as an object, by mistake, hold credentials.
  secret: true,
}

function isInstrumentation(value: unknown): boolean {
  if (!isObject(value)) return false
  const given = [value.onEvent, value.headers].filter((one) => one !== undefined)
  return given.length > 0 && given.every((one) => typeof one === 'function')
}
