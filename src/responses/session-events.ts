import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'

/** Another attempt begins, and what came before is void. */
export interface StreamRestartedEvent {
  readonly type: 'stream.restarted'
  /** The number of the attempt that begins, from 1. */
  readonly attempt: number
}

export type SessionEvent = ResponseStreamEvent | StreamRestartedEvent

/**
 * A whole response for the caller, with the text of its output and the id of its request. Neither is enumerable,
 * because the endpoint sends no such field. A `requestId` in the body is kept.
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
 * The event for a whole response: the terminal one, unless the response is still running. A whole response without a
 * status, or with an unknown one, counts as complete.
 */
export function eventOf(response: ResponseObject): ResponseStreamEvent {
  const { status } = response
  return { type: `response.${STATUSES.has(status) ? status : 'completed'}`, response } as ResponseStreamEvent
}

/** A snapshot of a running response, which is not a result. */
export function isUnderWay({ status }: Pick<ResponseObject, 'status'>): boolean {
  return status === 'queued' || status === 'in_progress'
}
