import { classOfEvent, classOfType, type EventClass, isHeartbeat, isOfResponses } from './event-classes.ts'
import { ERROR_NAME, isErrorText, opensAsJson, sniffedType, typeOf } from './event-data.ts'

/** One event of a Responses stream, as the SSE reader returns it. */
export interface SseEvent {
  readonly type: string
  readonly class: EventClass
  /** The raw `data` of the frame. */
  readonly data: string
  /** The parsed data. `undefined` where the reader did not parse it (see `SseReader.parseAll`). */
  readonly json: unknown
}

/** Why the stream cannot be read further. */
export type SseProblem =
  | { readonly kind: 'malformed_event'; readonly detail: string }
  /** The endpoint wrote an error as plain text, which a consumer of the bytes could not parse (see `SseReader`). */
  | { readonly kind: 'error_text'; readonly text: string }
  | { readonly kind: 'event_too_large' }

/** The fields of a frame that are used. */
export interface Frame {
  readonly event?: string | undefined
  readonly data: string
}

/**
 * The event of a frame. `undefined` for a heartbeat without JSON, and for plain text under a gateway's event name,
 * which counts as a comment.
 *
 * @param readsText whether the text of an error becomes an `error` event with that message. Otherwise it is a problem.
 */
export function parsedFrame({ data, event: name }: Frame, readsText: boolean): SseEvent | SseProblem | undefined {
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch (error) {
    return unparsable(data, name, readsText, error)
  }
  const type = typeOf(json, name)
  return { type, class: classOfEvent(type, json), data, json }
}

/** Like `parsedFrame`, but does not parse frames whose type says enough. */
export function sniffedFrame(frame: Frame, readsText: boolean): SseEvent | SseProblem | undefined {
  const { data } = frame
  const type = sniffedType(data, frame.event)
  if (type === undefined) return parsedFrame(frame, readsText)
  return { type, class: classOfType(type), data, json: undefined }
}

function unparsable(
  data: string,
  name: string | undefined,
  readsText: boolean,
  error: unknown,
): SseEvent | SseProblem | undefined {
  if (name !== undefined && isHeartbeat(name)) return undefined
  if (!isErrorText(data, name)) {
    // Plain text under a gateway's event name is a comment: no event of a response was lost.
    if (name !== undefined && !isOfResponses(name) && !opensAsJson(data)) return undefined
    return { kind: 'malformed_event', detail: error instanceof SyntaxError ? 'not valid JSON' : 'unreadable' }
  }
  const text = data.trim()
  if (!readsText) return { kind: 'error_text', text }
  const json = { type: ERROR_NAME, code: null, message: text, param: null }
  return { type: ERROR_NAME, class: 'terminal', data, json }
}
