import { isObject, type NotAccepted, type Rule } from '../core/rules.ts'
import { shownKind, shownWord } from '../core/shown.ts'
import { isEventType } from '../telemetry/emitter.ts'
import type { TelemetryEvent, TelemetryEventType } from '../telemetry/events.ts'
import type { HeadersContext } from './headers-option.ts'

/**
 * Watches the calls of a client: a recorder, or tracing. A plain object or an instance of a class, with at least one of
 * these functions. They are read when the client is made, and called with the object as `this`.
 * `openTelemetry()` of `resilient-responses/opentelemetry` makes one.
 */
export interface Instrumentation {
  /**
   * Called with every telemetry event, as the option `onEvent`. Called synchronously during the call. Errors and
   * rejections are ignored.
   */
  readonly onEvent?: ((event: TelemetryEvent) => void) | undefined
  /**
   * The types of telemetry events that `onEvent` is told of. Default: all. One that nothing wants is not made. Above all, the events of
   * typed streams are not checked with `validate: 'report'` unless something wants `event_problem`. At least one; read when the client
   * is made.
   */
  readonly eventTypes?: readonly TelemetryEventType[] | undefined
  /**
   * Makes headers for each attempt, for example `traceparent`; `undefined` adds none. Gets the argument of the option
   * `headers`, in the asynchronous context of the call. An attempt waits at most 30 s for a promise.
   *
   * Only adds headers. A header that the endpoint, the request, `headers` or `apiKey` has given is kept, and of two
   * instrumentations the first one counts, so credentials cannot be replaced. Only `traceparent` and `tracestate` are
   * sent to an origin other than that of `baseURL`. A throw, a late promise and an invalid header add nothing, are
   * reported as `instrumentation_failed`, and do not fail the call.
   */
  readonly headers?:
    | ((
        context: HeadersContext,
      ) => Readonly<Record<string, string>> | undefined | PromiseLike<Readonly<Record<string, string>> | undefined>)
    | undefined
  /**
   * Runs the sending of each attempt, after `attempt_start` was told: for what watches requests or sockets below the client, and
   * finds its way by the asynchronous context (`AsyncLocalStorage`). Has to call `send` once, at once, and to return what it
   * returns. Where it throws, or does not call `send`, the attempt is sent without it.
   */
  readonly inContext?:
    | (<T>(attempt: { readonly callId: number; readonly attempt: number }, send: () => T) => T)
    | undefined
}

const FUNCTIONS = 'at least one of the functions onEvent, headers and inContext'

export const instrumentationsRule: Rule<never> = {
  accepts: `an array of different objects, each with ${FUNCTIONS}`,
  test: (value) => Array.isArray(value) && value.every(isInstrumentation) && new Set(value).size === value.length,
  entryAtFault: (value, path) => {
    if (!Array.isArray(value)) return undefined
    const wrong = value.findIndex((one) => !isInstrumentation(one))
    if (wrong !== -1) return faultOf(value[wrong], `${path}.${wrong}`)
    // Told twice, it would count and trace everything twice.
    const again = value.findIndex((one, index) => value.indexOf(one) !== index)
    const got = `the same object as ${path}.${value.indexOf(value[again])}`
    return { path: `${path}.${again}`, got, accepts: 'each object once' }
  },
  // Given by mistake as an object, headers would hold credentials.
  secret: true,
}

function isInstrumentation(value: unknown): boolean {
  return hasFunctions(value) && wantsEvents(value)
}

function hasFunctions(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false
  const given = [value.onEvent, value.headers, value.inContext].filter((one) => one !== undefined)
  return given.length > 0 && given.every((one) => typeof one === 'function')
}

function wantsEvents({ eventTypes, onEvent }: Readonly<Record<string, unknown>>): boolean {
  if (eventTypes === undefined) return true
  return onEvent !== undefined && Array.isArray(eventTypes) && eventTypes.length > 0 && eventTypes.every(isEventType)
}

function faultOf(value: unknown, path: string): Pick<NotAccepted, 'path' | 'got' | 'accepts'> {
  if (!hasFunctions(value)) return { path, got: shownKind(value), accepts: `an object with ${FUNCTIONS}` }
  const { eventTypes, onEvent } = value
  const at = `${path}.eventTypes`
  if (!Array.isArray(eventTypes) || eventTypes.length === 0)
    return { path: at, got: shownKind(eventTypes), accepts: 'an array of at least one name of a telemetry event' }
  const unknown = eventTypes.findIndex((one) => !isEventType(one))
  if (unknown !== -1)
    return { path: `${at}.${unknown}`, got: shownWord(eventTypes[unknown]), accepts: 'the name of a telemetry event' }
  return { path: `${path}.onEvent`, got: shownKind(onEvent), accepts: 'a function, which is told of the eventTypes' }
}
