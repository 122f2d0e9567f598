import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'

/** Says that what came before is void: another attempt begins. */
export interface StreamRestartedEvent {
  readonly type: 'stream.restarted'
  /** The number of the attempt that begins, from 1. */
  readonly attempt: number
}

export type SessionEvent = ResponseStreamEvent | StreamRestartedEvent

/** A whole response for the caller, with the text of its output at hand: not enumerable, as the endpoint sends no such field. */
export function withOutputText(response: ResponseObject, outputText: string): ResponseObject {
  return Object.defineProperty({ ...response }, 'output_text', {
    value: outputText,
    configurable: true,
    writable: true,
  })
}

/** The terminal event that a whole response amounts to. */
export function terminalEventOf(response: ResponseObject): ResponseStreamEvent {
  return { type: `response.${response.status ?? 'completed'}`, response } as ResponseStreamEvent
}
