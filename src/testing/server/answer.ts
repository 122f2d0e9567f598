import type { JsonObject } from '../streams.ts'
import type { FrameEffect } from './socket/effects.ts'

/** How a streamed body ends: with chunked encoding, or with the end of the connection. */
export type Framing = 'chunked' | 'until_close'

/** The writing side of one request. Waits end when the connection is closed. */
export interface Answer {
  /** The head of a stream of events. */
  startStream(framing: Framing): void
  /** The head of a JSON body; answers the bytes that are to be written after it. */
  startJson(status: number, body: unknown): Buffer
  /** The bytes of one event. */
  frame(event: JsonObject, encode: (event: JsonObject) => string): Buffer
  /**
   * Resolves when the operating system has the bytes; answers whether it took them.
   *
   * @param isWhole `false`: they end in the middle of a frame.
   */
  write(bytes: Uint8Array, isWhole?: boolean): Promise<boolean>
  /** The value says whether the whole answer was sent. */
  finish(): Promise<boolean>

  // What faults order.

  /** A whole answer. */
  sendStatus(status: number, headers: Readonly<Record<string, string>>, body: unknown): Promise<void>
  /** @param raw text that is sent as it is, behind the events. */
  sendEvents(events: readonly JsonObject[], raw?: string): Promise<void>
  /** Ends as if the answer were complete; where that cannot be pretended, the connection is closed. */
  endEarly(): Promise<void>
  /** Events carry this response id from here on. */
  renameResponse(id: string): void
  /** `undefined` over HTTP. */
  readonly onSocket: OnSocket | undefined
}

/** What an answer on a WebSocket can do beside. */
export interface OnSocket {
  /** Frames the next event so, or all that follow. */
  frameAs(form: FrameEffect, all: boolean): void
  /** Events of the response before. */
  earlierEvents(): readonly JsonObject[]
}

/** An event with the id of its response replaced, where it carries one. */
export function withResponseId(event: JsonObject, id: string | undefined): JsonObject {
  const { response } = event
  if (id === undefined || typeof response !== 'object' || response === null) return event
  return { ...event, response: { ...response, id } }
}

/** The headers and the text of an HTTP answer that a fault orders. */
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
