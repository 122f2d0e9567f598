import type { JsonObject } from '../streams.ts'
import type { FrameEffect } from './socket/effects.ts'

/** How a streamed body ends: with chunked encoding, or with the end of the connection. */
export type Framing = 'chunked' | 'until_close'

/** The writing side of one request. Waits end when the connection is closed. */
export interface Answer {
  /** Sends the head of a stream of events. */
  startStream(framing: Framing): void
  /** Sends the head of a JSON body. Returns the bytes to write after it. */
  startJson(status: number, body: unknown): Buffer
  /** The bytes of one event. */
  frame(event: JsonObject, encode: (event: JsonObject) => string): Buffer
  /**
   * Resolves when the operating system has the bytes. The value says whether it accepted them.
   *
   * @param isWhole `false`: they end in the middle of a frame.
   */
  write(bytes: Uint8Array, isWhole?: boolean): Promise<boolean>
  /** The value says whether the whole answer was sent. */
  finish(): Promise<boolean>

  // Used by faults.

  /** A whole answer. */
  sendStatus(status: number, headers: Readonly<Record<string, string>>, body: unknown): Promise<void>
  /** @param raw text that is sent unchanged after the events. */
  sendEvents(events: readonly JsonObject[], raw?: string): Promise<void>
  /** Ends as if the answer were complete. If that is impossible, the connection is closed. */
  endEarly(): Promise<void>
  /** From here on events carry this response id. */
  renameResponse(id: string): void
  /** `undefined` over HTTP. */
  readonly onSocket: OnSocket | undefined
}

/** Additional abilities of an answer on a WebSocket. */
export interface OnSocket {
  /** Frames the next event, or all that follow, in this way. */
  frameAs(form: FrameEffect, all: boolean): void
  /** Events of the previous response. */
  earlierEvents(): readonly JsonObject[]
}

/** An event with its response id replaced, if it has one. */
export function withResponseId(event: JsonObject, id: string | undefined): JsonObject {
  const { response } = event
  if (id === undefined || typeof response !== 'object' || response === null) return event
  return { ...event, response: { ...response, id } }
}

/** The headers and the text of an HTTP answer that a fault prescribes. */
export function statusAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  given: unknown,
): { readonly headers: Record<string, string>; readonly text: string } {
  const isText = typeof given === 'string'
  const text = given === undefined ? '' : isText ? given : JSON.stringify(given)
  const type = given === undefined ? {} : { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' }
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  return { headers: { ...type, ...length, ...headers } as Record<string, string>, text }
}
