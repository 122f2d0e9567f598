import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'
import { ERROR_CATALOG, type ErrorCode } from '../errors/catalog.ts'
import { CONVENTION } from './names.ts'

/** An attempt or a call that failed: as the conventions want it. The message is that of the code, and no word of the endpoint. */
export function fail(span: Span, code: ErrorCode | undefined): void {
  const type = code ?? '_OTHER'
  const message = code === undefined ? 'The call failed.' : ERROR_CATALOG[code].meaning
  span.setAttribute(CONVENTION.errorType, type)
  span.recordException({ name: type, message })
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}

/** A name that the endpoint chose, if it looks like one: a sentence could be a piece of an answer. */
export function nameOf(value: string | undefined, longest = 64): string | undefined {
  return value !== undefined && value.length <= longest && /^[\w.:/@+=-]+$/.test(value) ? value : undefined
}

/** The attributes that have a value. */
export function present(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}
