import { type Context, createContextKey } from '@opentelemetry/api'

/**
 * What `suppressTracing` of `@opentelemetry/core` sets: the API gives the same key for the same description, so that the package
 * is not needed for it. Tracers of the SDK start no recording span in such a context, and propagators add no header.
 */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

export function suppressTracing(parent: Context): Context {
  return parent.setValue(SUPPRESS_TRACING, true)
}
