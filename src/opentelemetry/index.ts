/**
 * Spans and metrics of OpenTelemetry for the calls of a client. An entry of its own: it needs `@opentelemetry/api`, which the
 * main entry does not load.
 */
export {
  type OpenTelemetryInstrumentation,
  type OpenTelemetryOptions,
  openTelemetry,
} from './open-telemetry.ts'
