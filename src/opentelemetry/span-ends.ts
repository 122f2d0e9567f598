import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'
import type { AttemptRecord } from '../errors/attempt-record.ts'
import { ERROR_CATALOG, type ErrorCode } from '../errors/catalog.ts'
import { CONVENTION } from './names.ts'

/** Marks a span as failed, as the conventions ask. The message is that of our error code, never a text of the endpoint. */
export function fail(span: Span, code: ErrorCode | undefined): void {
  const type = code ?? '_OTHER'
  const message = code === undefined ? 'The call failed.' : ERROR_CATALOG[code].meaning
  span.setAttribute(CONVENTION.errorType, type)
  span.recordException({ name: type, message })
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}

/** The attributes that have a value. */
export function present(attributes: Attributes): Attributes {
  const kept: Attributes = {}
  // Called four times a call: entries and a filter would take longer than the attributes themselves.
  for (const name in attributes) if (attributes[name] !== undefined) kept[name] = attributes[name]
  return kept
}

/**
 * What an attempt failed with. An error status that is handed over untouched, as that of a passthrough call, is no failure of the
 * attempt and has no code, but it is an error in traces and metrics.
 */
export function errorCodeOf({ outcome, code, status = 0 }: AttemptRecord): ErrorCode | undefined {
  if (outcome === 'aborted' || outcome === 'lost') return undefined
  return code ?? (outcome === 'committed' && status >= 400 ? 'http_status' : undefined)
}
