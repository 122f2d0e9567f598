import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'

/** Says that what came before is void: another attempt begins. */
export interface StreamRestartedEvent {
  readonly type: 'stream.restarted'
  /** The number of the attempt that begins, from 1. */
  readonly attempt: number
}

export type SessionEvent = ResponseStreamEvent | StreamRestartedEvent

/**
 * A whole response for the caller, with the text of its output and the id of its request at hand. Neither is enumerable:
 * the endpoint sends no such field. Where the body has a `requestId` of its own, the body's stays.
 */
export function resultOf(
  response: ResponseObject,
  { outputText, requestId }: { readonly outputText: string; readonly requestId: string | undefined },
): ResponseObject {
  const result = { ...response }
  const add = (name: 'output_text' | 'requestId', value: string): void => {
    Object.defineProperty(result, name, { value, configurable: true, writable: true })
  }
  add('output_text', outputText)
  if (requestId !== undefined && !Object.hasOwn(result, 'requestId')) add('requestId', requestId)
  return result
}

const STATUSES: ReadonlySet<unknown> = new Set([
  'queued',
  'in_progress',
  'completed',
  'failed',
  'incomplete',
  'cancelled',
])

/**
 * The event that a whole response amounts to: the terminal one, unless the response is under way. A response that came whole
 * without a status, or with one that the API does not have, is complete.
 */
export function eventOf(response: ResponseObject): ResponseStreamEvent {
  const { status } = response
  return { type: `response.${STATUSES.has(status) ? status : 'completed'}`, response } as ResponseStreamEvent
}

/** A snapshot of a response whose end is still to come: it is no result. */
export function isUnderWay({ status }: Pick<ResponseObject, 'status'>): boolean {
  return status === 'queued' || status === 'in_progress'
}
