/**
 * OpenTelemetry spans and metrics for the calls of a client. A separate entry, because it needs `@opentelemetry/api`, which
 * the main entry does not load.
 */
export {
  type OpenTelemetryInstrumentation,
  type OpenTelemetryOptions,
  openTelemetry,
} from './open-telemetry.ts'
