import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'
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
