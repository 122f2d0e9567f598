import { type Context, createContextKey } from '@opentelemetry/api'
import { LayeredContext } from './layered-context.ts'

/**
 * The key that `suppressTracing` of `@opentelemetry/core` sets. The API returns the same key for the same description, so that
 * package is not needed. In such a context tracers of the SDK record no span, and propagators add no header.
 */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** Key of the context before tracing was suppressed. */
const UNSUPPRESSED = createContextKey('resilient-responses: the context without suppressed tracing')

export function suppressTracing(parent: Context): Context {
  return new LayeredContext(new LayeredContext(parent, SUPPRESS_TRACING, true), UNSUPPRESSED, parent)
}

/**
 * The context before our `suppressTracing`, if `active` is based on one: a socket runs its callbacks in the context in which it was
 * made. If other code suppresses tracing, it stays suppressed.
 */
export function unsuppressed(active: Context): Context {
  return (active.getValue(UNSUPPRESSED) as Context | undefined) ?? active
}
