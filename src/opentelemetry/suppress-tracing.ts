import { type Context, createContextKey } from '@opentelemetry/api'

/**
 * What `suppressTracing` of `@opentelemetry/core` sets: the API gives the same key for the same description, so that the package
 * is not needed for it. Tracers of the SDK start no recording span in such a context, and propagators add no header.
 */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** What was the context before it was suppressed. */
const UNSUPPRESSED = createContextKey('resilient-responses: the context without suppressed tracing')

export function suppressTracing(parent: Context): Context {
  return parent.setValue(SUPPRESS_TRACING, true).setValue(UNSUPPRESSED, parent)
}

/**
 * The context that `suppressTracing` was given, where `active` comes of it: sockets run what they call in the context in which they
 * were made. Where somebody else suppresses tracing, it stays suppressed.
 */
export function unsuppressed(active: Context): Context {
  return (active.getValue(UNSUPPRESSED) as Context | undefined) ?? active
}
